"""The consumer as a running thing: log → step → store, then dead letters, then the commit.

A record is committed only once it is dealt with, so that what is read again after a crash is found to be a
duplicate. While the store or the log is away nothing is polled and nothing committed: memory stays bounded.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from threading import Event

import msgspec

from cryptostream.consumer.behind import Behind
from cryptostream.consumer.edges import Edges
from cryptostream.consumer.expiries import Expiries
from cryptostream.consumer.keeper import Keeper
from cryptostream.consumer.observer import ages, tell_refused, tell_stored
from cryptostream.consumer.patience import Backoff, Halt, Patience, Waiting
from cryptostream.consumer.snapshot import ConsumerSnapshot, snapshot_of
from cryptostream.consumer.tally import Tally
from cryptostream.core.codec.record import ledger_topic
from cryptostream.core.market.series import Symbol
from cryptostream.core.ports import LogRecord, Place, Turnover
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_config import ConsumerConfig, with_symbols
from cryptostream.core.stream.consumer_hand import Hand, committed, dealt, lettered, parted, polled, unaccounted
from cryptostream.core.stream.consumer_ledger import Book, noted
from cryptostream.core.stream.consumer_state import ConsumerState, Outcome
from cryptostream.core.stream.consumer_turnover import SECONDS


class Pace(msgspec.Struct, frozen=True):
    """How the consumer goes about its work; seconds are those of the wall.

    At most `limit` records a batch; `poll` is how long an idle log is listened to, `pause` how long work behind
    live writes waits while there are live writes, since what is being written has to end for it, `look` how often the
    ledger is asked, `settle` how long a stop may take to finish such work. After `confirm`, what was stored of a
    partition just gained is looked at once more.
    """

    limit: int = 8192
    poll: float = 0.25
    pause: float = 5.0
    look: float = 1.0
    settle: float = 5.0
    confirm: float = SECONDS
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
        self._edges = edges
        self._pace = pace
        self._patience = Patience(
            edges.log, pace.backoff, jitter, keep=edges.reader.keep, now=edges.clock.now, observer=edges.observer
        )
        self._keeper = Keeper(replace(config, atomic=edges.store.atomic), edges, self._patience, self._stored)
        self._expiries = Expiries(self._keeper, edges, self._patience, self._uncommitted)
        self._behind = Behind(self._keeper, edges, self._expiries, self._overfull)
        self._hand = Hand()
        self._book = Book()
        self._tally = Tally()
        self._symbols: tuple[Symbol, ...] = ()
        self._behind_at = 0.0
        self._look_at = 0.0
        self._unaccounted: dict[Place, int] = {}
        self._settled = False

    def run(self, stop: Event) -> Result[None, Halt]:
        """Consume until `stop` is set: then what was polled is stored and committed, or neither.

        Returns
        -------
        `Err` only where log or store cannot go on, so that going on would lose records.
        """
        self._patience.stop = stop
        try:
            done = self._begin()
            while isinstance(done, Ok) and not stop.is_set():
                done = self._recovered(self._turn())
            if isinstance(done, Ok):
                done = self._settle()
        finally:
            self._keeper.close()
        return Ok(None) if isinstance(done, Err) and not done.error.fatal else done

    def follow(self, symbols: Iterable[Symbol]) -> None:
        """Take in symbols of another assignment from the next batch on; may be called from any thread."""
        self._symbols = tuple(symbols)

    @property
    def waiting(self) -> Waiting | None:
        """What is waited for; may be asked from any thread, and often."""
        return self._patience.waiting

    def snapshot(self) -> ConsumerSnapshot:
        """The consumer as it is now; may be called from any thread."""
        ages_, rate = self._tally.read(time.monotonic())
        return snapshot_of(
            self._keeper.state,
            self._hand,
            self._book,
            ages_,
            rate=rate,
            expired=self._expiries.named,
            waiting=self._patience.waiting,
            settled=self._settled,
        )

    # ------------------------------------------------------------ one turn

    def _begin(self) -> Result[None, Halt]:
        entries = self._patience.until_done("reading the ledger", self._edges.ledger)
        if isinstance(entries, Err):
            return entries
        self._book = noted(self._book, entries.value)
        self._keeper.listings = self._book.listings
        return self._keeper.begin()

    def _turn(self) -> Result[None, Halt]:
        """Poll and deal with what came; work behind live writes when nothing came, or it has waited long enough."""
        if self._overfull():
            return self._work_behind(idle=False)
        self._keeper.config = with_symbols(self._keeper.config, self._symbols)
        wait = 0.0 if self._keeper.taken or self._behind.waits() else self._pace.poll
        records = self._patience.until_done("polling", lambda: self._edges.reader.poll(self._pace.limit, wait))
        if isinstance(records, Err):
            return records
        self._patience.polled()
        self._turn_over(self._edges.reader.turnover())
        self._hand = polled(self._hand, records.value)
        new = self._hand.queue[self._keeper.taken :]
        if not new:
            return self._work_behind(idle=True)
        self._settled = False
        taken = self._keeper.take(new)
        done = taken if isinstance(taken, Err) else self._close()
        return done if isinstance(done, Err) or time.monotonic() < self._behind_at else self._work_behind(idle=False)

    def _close(self) -> Result[None, Halt]:
        """Keep the dead letters of what is stored, and commit it once nothing has to be made good."""
        letters = self._hand.letters
        if letters:
            kept = self._patience.until_done("keeping dead letters", lambda: self._edges.dead_letters.put(letters))
            if isinstance(kept, Err):
                return kept
            self._hand = lettered(self._hand)
            tell_refused(self._edges.observer, self._edges.log, self._keeper.config, letters)
        if not self._hand.held or not self._may_commit():
            return Ok(None)
        done = self._patience.until_done("committing", lambda: self._edges.reader.commit(self._hand.last))
        if isinstance(done, Ok):
            self._hand = committed(self._hand)
        return done

    def _work_behind(self, *, idle: bool) -> Result[None, Halt]:
        done = self._keeper.finish()
        if isinstance(done, Ok):
            done = self._look_around()
        worked = done if isinstance(done, Err) else self._behind.work()
        done = worked if isinstance(worked, Err) else self._close()
        if isinstance(worked, Ok):
            self._settled = idle and not worked.value and not self._hand.held
            self._behind_at = time.monotonic() + self._pace.pause
        return done

    def _look_around(self) -> Result[None, Halt]:
        """Now and then: take in what the ledger has said meanwhile, and see that no record went astray."""
        if time.monotonic() < self._look_at:
            return Ok(None)
        self._look_at = time.monotonic() + self._pace.look
        self._audit()
        entries = self._edges.ledger()  # if it is away, polling will tell
        if isinstance(entries, Ok):
            self._book = noted(self._book, entries.value)
            self._keeper.listings = self._book.listings
        return self._keeper.learn()

    def _settle(self) -> Result[None, Halt]:
        """Finish work behind live writes; what remains after `settle` seconds is done again by the next process."""
        until = time.monotonic() + self._pace.settle
        done = self._keeper.finish()
        while isinstance(done, Ok) and time.monotonic() < until:
            worked = self._behind.work()
            if isinstance(worked, Err):
                return worked
            if not worked.value:
                break
        return self._close() if isinstance(done, Ok) else done

    # ------------------------------------------------------------ what is in hand

    def _overfull(self) -> bool:
        """Whether so much waits for a commit that it has to be made possible before anything else is read."""
        return self._hand.records > self._keeper.config.held

    def _may_commit(self) -> bool:
        """Whether nothing has to be computed again that is known here alone, and nothing looked at once more."""
        watched = any(watch.waits for watch in self._keeper.watches.values())
        return self._keeper.config.atomic or (self._keeper.state.clean and not watched)

    def _uncommitted(self) -> frozenset[Place]:
        return frozenset((*self._hand.held, *((each.topic, each.partition) for each in self._hand.queue)))

    def _stored(self, records: Sequence[LogRecord], state: ConsumerState, outcome: Outcome) -> None:
        """The store has what `records` brought."""
        now = self._edges.clock.now()
        self._hand = dealt(self._hand, records, outcome.places, outcome.dead_letters)
        self._tally.add(outcome, ages(outcome, now), time.monotonic())
        tell_stored(self._edges.observer, state, outcome, now)

    def _audit(self) -> None:
        """Conservation: what was read is dealt with, or waits to be. Each difference is told once."""
        found = unaccounted(self._hand)
        if found != self._unaccounted:
            for (topic, partition), records in found.items():
                self._edges.log.error("records_unaccounted", topic=topic, partition=partition, records=records)
            self._edges.observer.unaccounted(sum(map(abs, found.values())))
        self._unaccounted = found

    # ------------------------------------------------------------ partitions that change hands

    def _turn_over(self, turnover: Turnover) -> None:
        """Forget what was lost; what is left of the queue is judged anew."""
        if turnover == Turnover():
            return
        self._hand = parted(self._hand, turnover.lost)
        ledger = ledger_topic(self._keeper.config.stream)
        lost, gained = (
            frozenset(partition for topic, partition in places if topic != ledger)
            for places in (turnover.lost, turnover.gained)
        )
        self._keeper.hand_over(lost, gained, time.monotonic() + self._pace.confirm)
        self._expiries.part(turnover.lost)
        self._expiries.notice(turnover.expired, self._book)
        self._edges.log.info("turnover", lost=len(turnover.lost), gained=len(turnover.gained))

    def _recovered(self, done: Result[None, Halt]) -> Result[None, Halt]:
        """Go on with what is left after partitions were lost."""
        if isinstance(done, Ok) or not done.error.lost:
            return done
        self._keeper.abandon()
        self._patience.stop.wait(self._pace.backoff.first)
        self._turn_over(self._edges.reader.turnover())
        return Ok(None)
