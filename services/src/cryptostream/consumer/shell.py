"""The consumer as a running thing: log → step → store, then dead letters, then the commit.

A record is committed only once it is dealt with, so that what is read again after a crash is found to be a
duplicate. While the store or the log is away nothing is polled and nothing committed: memory stays bounded.
"""

import random
import time
from collections.abc import Callable, Sequence
from threading import Event

import msgspec

from cryptostream.consumer.edges import Edges
from cryptostream.consumer.keeper import Keeper
from cryptostream.consumer.observer import ages, tell_refused, tell_stored
from cryptostream.consumer.patience import Backoff, Halt, Patience
from cryptostream.consumer.snapshot import ConsumerSnapshot, snapshot_of
from cryptostream.consumer.tally import Tally
from cryptostream.core.ports import LogRecord
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_state import ConsumerState, Outcome


class Pace(msgspec.Struct, frozen=True):
    """How the consumer goes about its work; seconds are those of the wall.

    At most `limit` records a batch; `poll` is how long an idle log is listened to, `pause` how long work behind
    live writes waits while there are live writes, `settle` how long a stop may take to finish such work.
    """

    limit: int = 4096
    poll: float = 0.25
    pause: float = 1.0
    settle: float = 5.0
    backoff: Backoff = Backoff()


PACE = Pace()


class Consumer:
    """Stores the candles of one stream; `jitter` gives a chance in [0, 1) for each wait."""

    def __init__(
        self,
        config: ConsumerConfig,
        edges: Edges,
        pace: Pace = PACE,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._config = config
        self._edges = edges
        self._pace = pace
        self._patience = Patience(edges.log, pace.backoff, jitter)
        self._keeper = Keeper(config, edges, self._patience, self._count)
        self._tally = Tally()
        self._behind_at = 0.0
        self._settled = False

    def run(self, stop: Event) -> Result[None, Halt]:
        """Consume until `stop` is set: then what was polled is stored and committed, or neither.

        Returns
        -------
        `Err` only where log or store cannot go on, so that going on would lose records.
        """
        self._patience.stop = stop
        done: Result[None, Halt] = self._keeper.begin()
        while isinstance(done, Ok) and not stop.is_set():
            done = self._turn()
        if isinstance(done, Ok):
            done = self._settle()
        return Ok(None) if isinstance(done, Err) and not done.error.fatal else done

    def snapshot(self) -> ConsumerSnapshot:
        """The consumer as it is now; may be called from any thread."""
        ages_, rate = self._tally.read(time.monotonic())
        return snapshot_of(self._keeper.state, ages_, rate=rate, fault=self._patience.fault, settled=self._settled)

    # ------------------------------------------------------------ one turn

    def _turn(self) -> Result[None, Halt]:
        """Poll and deal with what came; work behind live writes when nothing came, or it has waited long enough."""
        wait = 0.0 if self._keeper.has_backlog() else self._pace.poll
        polled = self._patience.until_done("polling", lambda: self._edges.reader.poll(self._pace.limit, wait))
        if isinstance(polled, Err):
            return polled
        if polled.value:
            self._settled = False
            dealt = self._deal_with(polled.value)
            if isinstance(dealt, Err) or time.monotonic() < self._behind_at:
                return dealt
        return self._work_behind(idle=not polled.value)

    def _deal_with(self, records: Sequence[LogRecord]) -> Result[None, Halt]:
        letters = self._keeper.take(records)
        if isinstance(letters, Err):
            return letters
        if letters.value:
            kept = self._patience.until_done(
                "keeping dead letters", lambda: self._edges.dead_letters.put(letters.value)
            )
            if isinstance(kept, Err):
                return kept
            tell_refused(self._edges.observer, self._edges.log, self._config, letters.value)
        return self._patience.until_done("committing", lambda: self._edges.reader.commit(records))

    def _work_behind(self, *, idle: bool) -> Result[None, Halt]:
        learnt = self._keeper.learn()
        if isinstance(learnt, Err):
            return learnt
        worked = self._keeper.behind()
        if isinstance(worked, Err):
            return worked
        self._settled = idle and not worked.value
        self._behind_at = time.monotonic() + self._pace.pause
        return Ok(None)

    def _settle(self) -> Result[None, Halt]:
        """Finish work behind live writes; what remains after `settle` seconds is known to the store."""
        until = time.monotonic() + self._pace.settle
        while time.monotonic() < until:
            worked = self._keeper.behind()
            if isinstance(worked, Err):
                return worked
            if not worked.value:
                break
        return Ok(None)

    def _count(self, state: ConsumerState, outcome: Outcome) -> None:
        now = self._edges.clock.now()
        self._tally.add(outcome, ages(outcome, now), time.monotonic())
        tell_stored(self._edges.observer, state, outcome, now)
