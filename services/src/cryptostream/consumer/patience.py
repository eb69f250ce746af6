"""Trying again while the world is away: capped, jittered back-off that a stop ends. Waits, and does nothing else.

Whoever waits stays a member of its group: the reader is told at least once a second.
"""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

import msgspec

from cryptostream.consumer.observer import Awaited, Observer
from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import LogError, StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.observe.logs import Log

T = TypeVar("T")
Outcome = Result[T, StoreError] | Result[T, LogError]
Keep = Callable[[], Result[None, LogError]]

CONTACT = 1.0
"""Seconds after which the log's reader must be told that somebody is there."""


class Halt(msgspec.Struct, frozen=True):
    """Why something was given up: it was `fatal`, partitions were `lost`, or the consumer was asked to stop."""

    detail: str
    fatal: bool = False
    lost: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """What is waited for, why, since when (ms of the exchange's clock), and how often it was tried."""

    what: str
    detail: str
    since: Millis
    attempts: int

    def __str__(self) -> str:
        return f"{self.what}: {self.detail}"


class Backoff(msgspec.Struct, frozen=True):
    """Seconds before the first repetition, doubled for each further one up to `most`."""

    first: float = 0.1
    most: float = 15.0

    def delay(self, attempt: int, chance: float) -> float:
        """Seconds to wait after failure number `attempt` (from 0); `chance` in [0, 1) takes up to half of it off."""
        return float(min(self.most, self.first * 2.0 ** min(attempt, 32))) * (1 - chance / 2)


class Patience:
    """Repeats calls which may succeed later, until `stop` is set; `waiting` says what is waited for."""

    def __init__(  # noqa: PLR0913 - what it is given of the world, one by one
        self,
        log: Log,
        backoff: Backoff,
        jitter: Callable[[], float],
        *,
        keep: Keep,
        now: Callable[[], Millis],
        observer: Observer,
    ) -> None:
        self.stop = Event()
        self.waiting: Waiting | None = None
        self._log = log
        self._backoff = backoff
        self._jitter = jitter
        self._keep = keep
        self._now = now
        self._observer = observer
        self._contact_at = time.monotonic()

    def until_done(
        self, what: str, call: Callable[[], Outcome[T]], failed: StoreError | None = None
    ) -> Result[T, Halt]:
        """What `call` gives once it succeeds; `Halt` where repeating is of no use, and after a stop.

        Parameters
        ----------
        failed
            What came of a first attempt that was made elsewhere.
        """
        attempt = 0
        result: Outcome[T] | None = None if failed is None else Err(failed)
        while True:
            stayed = self.stay()
            if isinstance(stayed, Err):
                return stayed
            result = result or call()
            if isinstance(result, Ok):
                self._recovered(what, attempt)
                return Ok(result.value)
            if not _may_succeed(result.error):
                return Err(self._given_up(what, result.error))
            self._failed(what, attempt, result.error)
            rested = self._rest(what, self._backoff.delay(attempt, self._jitter()))
            if isinstance(rested, Err):
                return rested
            attempt, result = attempt + 1, None

    def polled(self) -> None:
        """The reader was asked for records: that tells it as well."""
        self._contact_at = time.monotonic()

    def stay(self) -> Result[None, Halt]:
        """Tell the reader, if it is time to; what keeps it from answering may pass."""
        if time.monotonic() - self._contact_at < CONTACT:
            return Ok(None)
        kept = self._keep()
        self.polled()
        if isinstance(kept, Err) and not _may_succeed(kept.error):
            return Err(self._given_up("staying in the group", kept.error))
        return Ok(None)

    def _rest(self, what: str, seconds: float) -> Result[None, Halt]:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.stop.wait(min(left, CONTACT)):
                return Err(Halt(f"stopped while waiting ({what})"))
            stayed = self.stay()
            if isinstance(stayed, Err):
                return stayed
        return Err(Halt(f"stopped while waiting ({what})")) if self.stop.is_set() else Ok(None)

    def _failed(self, what: str, attempt: int, error: StoreError | LogError) -> None:
        since = self._now() if self.waiting is None else self.waiting.since
        self.waiting = Waiting(what, error.detail, since, attempt + 1)
        self._observer.waits(_part(error), since)
        self._log.warning("consumer_waits", what=what, attempt=attempt, detail=error.detail)

    def _recovered(self, what: str, attempts: int) -> None:
        if attempts:
            self._over()
            self._log.info("consumer_goes_on", what=what, attempts=attempts)

    def _over(self) -> None:
        self.waiting = None
        self._observer.waits(None, 0)

    def _given_up(self, what: str, error: StoreError | LogError) -> Halt:
        lost = isinstance(error, LogError) and error.lost
        tell = self._log.warning if lost else self._log.error
        tell("partitions_lost" if lost else "consumer_halted", what=what, detail=error.detail)
        if lost:
            self._over()
        return Halt(f"{what}: {error.detail}", fatal=not lost, lost=lost)


def _may_succeed(error: StoreError | LogError) -> bool:
    return error.retryable if isinstance(error, StoreError) else not (error.fatal or error.lost)


def _part(error: StoreError | LogError) -> Awaited:
    return "store" if isinstance(error, StoreError) else "log"
