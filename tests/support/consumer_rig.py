"""A consumer between a simulated group and a store without transactions, with a crash to be had at any effect."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event

from cryptostream.clock import ManualClock
from cryptostream.consumer.edges import Edges
from cryptostream.consumer.patience import Backoff
from cryptostream.consumer.shell import Consumer, Pace
from cryptostream.core.codec.ledger import Entry
from cryptostream.core.codec.record import ledger_topic, topic
from cryptostream.core.market.gap import Gap
from cryptostream.core.ports import DeadLetter, LogError, LogRecord, NewRecord
from cryptostream.core.result import Ok, Result
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.observe.logs import Log
from cryptostream.observe.metrics import Metrics
from tests.support.consumer_world import START, STREAM
from tests.support.group_log import GroupLog, Member
from tests.support.model_store import PartsStore

NOW = START + 400 * 24 * 3_600_000
PACE = Pace(limit=5, poll=0.001, pause=0.0, look=0.0, confirm=0.0, backoff=Backoff(0.001, 0.002))


class Crash(Exception):  # noqa: N818 - it is an end, not an error
    """The process is gone."""


@dataclass
class Fuse:
    """Ends the process at effect number `left`, counted from now; `happened` has those before it."""

    left: int | None = None
    happened: list[str] = field(default_factory=list)

    def burn(self, what: str) -> None:
        if self.left == 0:
            raise Crash(what)
        self.left = None if self.left is None else self.left - 1
        self.happened.append(what)


class GroupRig:
    """What outlives a consumer: log, store, dead letters, and the ledger."""

    def __init__(self, config: ConsumerConfig, *, partitions: int = 1, pace: Pace = PACE) -> None:
        self.config = config
        self.pace = pace
        self.fuse = Fuse()
        self.clock = ManualClock(NOW)
        topics = (*(topic(STREAM, interval) for interval in config.intervals), ledger_topic(STREAM))
        self.log = GroupLog(topics, partitions, effect=self.fuse.burn)
        self.store = PartsStore(effect=self.fuse.burn)
        self.letters: dict[tuple[str, int, int], DeadLetter] = {}
        self.entries: list[Entry] = []
        self.named: list[Gap] = []
        self.metrics = Metrics(STREAM, self.clock.now, simulated=True)

    def publish(self, *records: LogRecord) -> None:
        self.log.publish(NewRecord(each.topic, each.key, each.value) for each in records)

    def consumer(self, member: Member) -> Consumer:
        read = 0

        def ledger() -> Result[Sequence[Entry], LogError]:
            nonlocal read
            new, read = self.entries[read:], len(self.entries)
            return Ok(new)

        edges = Edges(
            reader=member,
            store=self.store,
            dead_letters=self,
            clock=self.clock,
            ledger=ledger,
            observer=self.metrics,
            log=Log(),
            name_gaps=self.name_gaps,
        )
        return Consumer(self.config, edges, self.pace, jitter=lambda: 0.0)

    def run(self, member: Member | None = None) -> Consumer:
        """Until there is nothing to read; a `Crash` passes through."""
        member = member or self.log.alone()
        stop = Event()
        member.when_idle = stop.set
        consumer = self.consumer(member)
        assert consumer.run(stop) == Ok(None)
        return consumer

    def run_with_crash_at(self, effect: int) -> None:
        """Like `run`, but the process ends at this effect, if it comes so far."""
        self.fuse.left = effect
        try:
            self.run()
        except Crash:
            pass
        finally:
            self.fuse.left = None

    def put(self, letters: Sequence[DeadLetter]) -> Result[None, LogError]:
        self.fuse.burn("letters")
        self.letters |= {(each.record.topic, each.record.partition, each.record.offset): each for each in letters}
        return Ok(None)

    def name_gaps(self, gaps: Sequence[Gap]) -> Result[None, LogError]:
        self.fuse.burn("gaps")
        self.named += gaps
        self.entries += gaps
        return Ok(None)
