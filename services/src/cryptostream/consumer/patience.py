"""Trying again while the world is away: capped, jittered back-off that a stop ends. Waits, and does nothing else."""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

import msgspec

from cryptostream.core.ports import LogError, StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.observe.logs import Log

T = TypeVar("T")


class Halt(msgspec.Struct, frozen=True):
    """Why the consumer goes no further: `fatal`, or it was asked to stop while it waited."""

    detail: str
    fatal: bool


class Backoff(msgspec.Struct, frozen=True):
    """Seconds before the first repetition, doubled for each further one up to `most`."""

    first: float = 0.1
    most: float = 15.0

    def delay(self, attempt: int, chance: float) -> float:
        """Seconds to wait after failure number `attempt` (from 0); `chance` in [0, 1) takes up to half of it off."""
        return float(min(self.most, self.first * 2.0 ** min(attempt, 32))) * (1 - chance / 2)


class Patience:
    """Repeats calls which may succeed later, until `stop` is set; `fault` says what is being waited for."""

    def __init__(self, log: Log, backoff: Backoff, jitter: Callable[[], float]) -> None:
        self.stop = Event()
        self._log = log
        self._backoff = backoff
        self._jitter = jitter
        self.fault: str | None = None

    def until_done(self, what: str, call: Callable[[], Result[T, StoreError] | Result[T, LogError]]) -> Result[T, Halt]:
        """What `call` gives once it succeeds; `Halt` where repeating is of no use, or after a stop."""
        attempt = 0
        while True:
            result = call()
            if isinstance(result, Ok):
                self._recovered(what, attempt)
                return Ok(result.value)
            if not _may_succeed(result.error):
                self._log.error("consumer_halted", what=what, detail=result.error.detail)
                return Err(Halt(f"{what}: {result.error.detail}", fatal=True))
            self._failed(what, attempt, result.error.detail)
            if self.stop.wait(self._backoff.delay(attempt, self._jitter())):
                return Err(Halt(f"stopped while waiting ({what})", fatal=False))
            attempt += 1

    def _failed(self, what: str, attempt: int, detail: str) -> None:
        self.fault = f"{what}: {detail}"
        self._log.warning("consumer_waits", what=what, attempt=attempt, detail=detail)

    def _recovered(self, what: str, attempts: int) -> None:
        if attempts:
            self.fault = None
            self._log.info("consumer_goes_on", what=what, attempts=attempts)


def _may_succeed(error: StoreError | LogError) -> bool:
    return error.retryable if isinstance(error, StoreError) else not error.fatal
