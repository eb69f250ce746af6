"""The log inside one process: partitioned, ordered within each key, bounded, and never lossy.

Stands behind the ports `LogWriter` and `LogReader`. A full log holds its writers back; what it keeps in
memory is freed by `commit` alone. It does not survive the process: the embedded run finds out from its
store what has arrived.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from threading import Condition, Lock

from cryptostream.core.ports import Clock, LogError, LogRecord, NewRecord, Place, Turnover
from cryptostream.core.result import Err, Ok, Result
from cryptostream.log.partition import partition_of

CLOSED = LogError("the log is closed", fatal=True)
TAKEN_OVER = LogError("another reader has taken over these topics", fatal=True)


class EmbeddedLog:
    """A log of at most `capacity` uncommitted records, with `partitions` partitions a topic.

    Any number of threads may publish. Topics come into being with their first record or reader; one that
    nobody reads fills the log for all.
    """

    def __init__(self, clock: Clock, partitions: int = 6, capacity: int = 20_000) -> None:
        self._clock = clock
        self._partitions = partitions
        self._capacity = capacity
        self._places: dict[Place, _Partition] = {}
        self._held = 0
        self._polls = 0
        self._closed = False
        self._readers: dict[str, EmbeddedReader] = {}
        self._turn = Lock()  # writers take turns, or small batches would keep a large one waiting for ever
        self._changed = Condition()

    def publish(self, records: Sequence[NewRecord]) -> Result[None, LogError]:
        """Append `records` at once; blocks until they fit (a batch above the capacity: until the log is empty)."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._closed or self._fits(len(records)))
            if self._closed:
                return Err(CLOSED)
            now = self._clock.now()
            for record in records:
                number = partition_of(record.key, self._partitions)
                self._place(record.topic, number).append(record, now)
            self._held += len(records)
            self._changed.notify_all()
            return Ok(None)

    def reader(self, topics: Iterable[str]) -> "EmbeddedReader":
        """The reader of `topics`, from the first uncommitted record on; earlier readers of any of them end."""
        with self._changed:
            reader = EmbeddedReader(self, frozenset(topics))
            self._readers |= dict.fromkeys(reader.topics, reader)
            for (topic, _), partition in self._places.items():
                if topic in reader.topics:
                    partition.rewind()
            self._changed.notify_all()
            return reader

    def backlog(self) -> dict[str, int]:
        """How many records of each topic are not committed."""
        with self._changed:
            counts: dict[str, int] = {}
            for (topic, _), partition in self._places.items():
                counts[topic] = counts.get(topic, 0) + len(partition)
            return counts

    def close(self) -> None:
        """End the log: every call that waits, and every later one, answers with a fatal error."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _fits(self, records: int) -> bool:
        return self._held == 0 or self._held + records <= self._capacity

    def _place(self, topic: str, number: int) -> "_Partition":
        return self._places.setdefault((topic, number), _Partition(topic, number))

    def _poll(self, reader: "EmbeddedReader", limit: int, timeout: float) -> Result[tuple[LogRecord, ...], LogError]:
        with self._changed:
            self._changed.wait_for(lambda: self._fault(reader) or self._unread(reader), timeout)
            fault = self._fault(reader)
            self._polls += 1
            return Err(fault) if fault else Ok(tuple(_share(self._unread(reader), limit, self._polls)))

    def _commit(self, reader: "EmbeddedReader", records: Sequence[LogRecord]) -> Result[None, LogError]:
        with self._changed:
            fault = self._fault(reader)
            if fault:
                return Err(fault)
            ends = {(each.topic, each.partition): each.offset for each in sorted(records, key=lambda r: r.offset)}
            self._held -= sum(self._place(*place).forget(last) for place, last in ends.items())
            self._changed.notify_all()
            return Ok(None)

    def _passed(self, place: Place) -> int:
        with self._changed:
            return self._place(*place).passed

    def _fault(self, reader: "EmbeddedReader") -> LogError | None:
        if self._closed:
            return CLOSED
        return None if all(self._readers[topic] is reader for topic in reader.topics) else TAKEN_OVER

    def _unread(self, reader: "EmbeddedReader") -> "list[_Partition]":
        return [place for (topic, _), place in self._places.items() if topic in reader.topics and place.unread]


class EmbeddedReader:
    """Reads some topics of an `EmbeddedLog`, alone: a group of one."""

    def __init__(self, log: EmbeddedLog, topics: frozenset[str]) -> None:
        self._log = log
        self.topics = topics

    def poll(self, limit: int, timeout: float) -> Result[tuple[LogRecord, ...], LogError]:
        """Up to `limit` records, an equal share of each partition that has any; waits for the first."""
        return self._log._poll(self, limit, timeout)  # noqa: SLF001 - log and reader are one thing behind two ports

    def turnover(self) -> Turnover:
        """Nothing changes hands: a reader that was replaced is at its end."""
        return Turnover()

    def keep(self) -> Result[None, LogError]:
        """A group of one needs no sign of life."""
        return Ok(None)

    def owned(self) -> Result[None, LogError]:
        """A reader that was replaced learns it from its next poll; both are in one process."""
        return Ok(None)

    def passed(self, place: Place) -> int:
        """The offset after the last record polled."""
        return self._log._passed(place)  # noqa: SLF001 - log and reader are one thing behind two ports

    def restored(self, place: Place) -> Result[None, LogError]:  # noqa: ARG002 - nothing expires here
        """Nothing expires."""
        return Ok(None)

    def commit(self, records: Sequence[LogRecord]) -> Result[None, LogError]:
        """Forget `records` and what came before them on their partitions."""
        return self._log._commit(self, records)  # noqa: SLF001 - log and reader are one thing behind two ports


class _Partition:
    """Records in order of their offsets: those given to the reader, then the unread."""

    def __init__(self, topic: str, number: int) -> None:
        self._topic = topic
        self._number = number
        self._next_offset = 0
        self.served = 0
        self.given: deque[LogRecord] = deque()
        self.unread: deque[LogRecord] = deque()

    def __len__(self) -> int:
        return len(self.given) + len(self.unread)

    @property
    def passed(self) -> int:
        """The offset of the next record to be given."""
        return self.unread[0].offset if self.unread else self._next_offset

    def append(self, record: NewRecord, now: int) -> None:
        self.unread.append(
            LogRecord(
                topic=self._topic,
                partition=self._number,
                offset=self._next_offset,
                key=record.key,
                value=record.value,
                headers=record.headers,
                timestamp=now,
            )
        )
        self._next_offset += 1

    def give(self, count: int, turn: int) -> list[LogRecord]:
        """The next records, at most `count`; remembers the turn in which it gave any."""
        self.served = turn if count else self.served
        taken = [self.unread.popleft() for _ in range(min(count, len(self.unread)))]
        self.given.extend(taken)
        return taken

    def rewind(self) -> None:
        self.unread.extendleft(reversed(self.given))
        self.given.clear()

    def forget(self, last: int) -> int:
        """Drop what was given up to offset `last`; returns how many records that were."""
        count = 0
        while self.given and self.given[0].offset <= last:
            self.given.popleft()
            count += 1
        return count


def _share(partitions: list[_Partition], limit: int, turn: int) -> Iterable[LogRecord]:
    """Fill `limit` evenly: the emptiest partitions first, so that the fuller ones get what they leave.

    Where there are more partitions than places, those that were left out come first the next time.
    """
    for place, partition in enumerate(sorted(partitions, key=lambda each: (each.served, len(each.unread)))):
        quota = math.ceil(limit / (len(partitions) - place))
        taken = partition.give(quota, turn)
        limit -= len(taken)
        yield from taken
