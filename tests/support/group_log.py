"""A log with one consumer group in lists: partitions change hands, records expire, markers take up offsets.

The test says who owns what, by partition number over all topics, as the range assignor does. A member learns of it as
a real one does: `owned`, `keep` and `commit` answer `lost` until it has asked for its `turnover`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cryptostream.core.ports import LogError, LogRecord, NewRecord, Place, Turnover
from cryptostream.core.result import Err, Ok, Result
from cryptostream.log.partition import partition_of
from tests.support.model_store import nothing_happens

LOST = LogError("lost", lost=True)


@dataclass
class GroupLog:
    """`committed` has offsets, `expired` what commits say of ranges nobody has named; `effect` may raise."""

    topics: tuple[str, ...]
    partitions: int = 2
    records: dict[Place, list[LogRecord]] = field(default_factory=dict)
    low: dict[Place, int] = field(default_factory=dict)
    end: dict[Place, int] = field(default_factory=dict)
    committed: dict[Place, int] = field(default_factory=dict)
    expired: dict[Place, int] = field(default_factory=dict)
    owners: dict[int, "Member"] = field(default_factory=dict)
    effect: Callable[[str], None] = nothing_happens

    def publish(self, records: Iterable[NewRecord], *, marker: bool = False) -> None:
        """Append; with a `marker` behind each, as a transaction of one record leaves it."""
        for record in records:
            place = record.topic, partition_of(record.key, self.partitions)
            offset = self.end.setdefault(place, 0)
            kept = LogRecord(*place, offset, record.key, record.value, record.headers, 0)
            self.records.setdefault(place, []).append(kept)
            self.end[place] = offset + (2 if marker else 1)

    def expire(self, place: Place, before: int) -> None:
        """Delete records before this offset."""
        self.low[place] = before
        self.records[place] = [each for each in self.records[place] if each.offset >= before]

    def give(self, member: "Member", *numbers: int) -> None:
        """These partitions belong to `member` from now on."""
        for number in numbers:
            before = self.owners.get(number)
            if before is not None and before is not member:
                before.changed.append(("lost", number))
            if before is not member:
                self.owners[number] = member
                member.changed.append(("gained", number))

    def join(self) -> "Member":
        """A new member, which owns nothing yet."""
        return Member(self)

    def alone(self) -> "Member":
        """A new member that owns everything; whoever did has died."""
        self.owners = {}
        member = self.join()
        self.give(member, *range(self.partitions))
        return member

    @property
    def behind(self) -> int:
        """Records not committed."""
        return sum(
            each.offset >= self.committed.get(place, 0) for place, records in self.records.items() for each in records
        )


@dataclass
class Member:
    """One reader of the group; `changed` is what it has not been told yet."""

    log: GroupLog
    changed: list[tuple[str, int]] = field(default_factory=list)
    position: dict[Place, int] = field(default_factory=dict)
    pending: Turnover = field(default_factory=Turnover)
    kept: int = 0
    fault: LogError | None = None
    when_idle: Callable[[], object] = lambda: None

    def poll(self, limit: int, timeout: float) -> Result[tuple[LogRecord, ...], LogError]:  # noqa: ARG002 - no waiting
        if self.fault is not None:
            return Err(self.fault)
        self._learn()
        found: list[LogRecord] = []
        for place, at in sorted(self.position.items()):
            new = [each for each in self.log.records.get(place, ()) if each.offset >= at][: limit - len(found)]
            found += new
            if new:
                self.position[place] = new[-1].offset + 1
        if not found:
            self.when_idle()
        return Ok(tuple(found))

    def turnover(self) -> Turnover:
        pending, self.pending = self.pending, Turnover()
        return pending

    def keep(self) -> Result[None, LogError]:
        self.kept += 1
        return self.owned()

    def owned(self) -> Result[None, LogError]:
        self._learn()
        return Err(LOST) if self.pending.lost else Ok(None)

    def commit(self, records: Sequence[LogRecord]) -> Result[None, LogError]:
        self.log.effect("commit")
        self._learn()
        lost = False
        for record in records:
            place = record.topic, record.partition
            if place in self.position:
                self.log.committed[place] = max(record.offset + 1, self.log.committed.get(place, 0))
            lost = lost or place not in self.position
        return Err(LOST) if lost or self.pending.lost else Ok(None)

    def passed(self, place: Place) -> int:
        at = self.position.get(place, 0)
        left = [each for each in self.log.records.get(place, ()) if each.offset >= at]
        return at if left or place not in self.position else max(at, self.log.end.get(place, 0))

    def restored(self, place: Place) -> Result[None, LogError]:
        self.log.effect("restored")
        self.log.expired.pop(place, None)
        return Ok(None)

    def _learn(self) -> None:
        """What a rebalance's callbacks would tell."""
        changes, self.changed[:] = tuple(self.changed), []
        for kind, number in changes:
            places = frozenset((topic, number) for topic in self.log.topics)
            held = {place: at for place, at in self.position.items() if place not in places}
            before = self.pending
            if kind == "lost":
                self.position = held
                self.pending = Turnover(before.lost | places, before.gained - places, before.expired)
            else:
                expired = self._begin(places)
                self.pending = Turnover(before.lost, before.gained | places, {**before.expired, **expired})

    def _begin(self, places: Iterable[Place]) -> dict[Place, int]:
        expired: dict[Place, int] = {}
        for place in places:
            low, at = self.log.low.get(place, 0), self.log.committed.get(place, 0)
            if at < low:
                self.log.expired[place] = self.log.end.get(place, 0)
                self.log.committed[place] = low
            self.position[place] = max(low, at)
            if place in self.log.expired:
                expired[place] = self.log.expired[place]
        return expired
