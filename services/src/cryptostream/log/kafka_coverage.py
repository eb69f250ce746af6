"""Up to where in the topics the ledger accounts for what was published, so that a restart reads little. No I/O.

A checkpoint says of one series at which offset its records are accounted for. Three things would still make a restart
read much, and are the log's own business, not the producer's:

- a checkpoint says the offset of the newest record of its series, where all later ones of the partition are others': it
  is raised to the newest of the partition;
- a series that has gone quiet (halted, delisted) keeps its offset, while the partition grows: its checkpoint is
  published again with a newer one;
- a series without a checkpoint could have records anywhere: its first record goes together with a checkpoint that
  accounts for nothing, from which the search can begin.

All three only raise offsets up to records which are accounted for, so reading again from there changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from cryptostream.core.codec.ledger import Entry
from cryptostream.core.codec.record import topic
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Newest, NewRecord, Place
from cryptostream.log.partition import partition_of

LAG: Final = 1000
"""Offsets that the checkpoint of a quiet series may be behind its partition."""
MOST: Final = 200
"""Checkpoints of quiet series that are published again at once."""


class _Opened(msgspec.Struct):
    open_time: Millis
    published_at: int


_opened: Final = msgspec.json.Decoder(_Opened)


def place_of(stream: str, series: Series, partitions: int) -> Place:
    """Topic and partition of a series' records."""
    return topic(stream, series.interval), partition_of(series.symbol.encode(), partitions)


class Coverage:
    """What this owner of a stream knows of its series' checkpoints and newest records."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._prices = topic(stream, "")
        self.partitions = 0
        self._progress: dict[Series, Progress] = {}
        self._newest: dict[Place, int] = {}
        self._published: dict[Place, int] = {}
        self._own: dict[Series, int] = {}
        self._uncovered: set[Series] = set()
        self._places: defaultdict[Place, set[Series]] = defaultdict(set)
        self._swept: dict[Place, int] = {}
        self._quiet: set[Series] = set()

    @property
    def known(self) -> bool:
        """Whether the ledger was read: nothing may be published before."""
        return self.partitions > 0

    def newest(self, place: Place) -> int:
        """Offset of the newest record that is known to be committed there, or -1."""
        return self._newest.get(place, -1)

    def published(self) -> Mapping[Place, int]:
        """Offsets of the newest records of this owner."""
        return self._published

    def place(self, series: Series) -> Place:
        """Topic and partition of a series' records, once the ledger was read."""
        return place_of(self._stream, series, self.partitions)

    def read(
        self, partitions: int, progress: Mapping[Series, Progress], tail: Iterable[Series], ends: Mapping[Place, int]
    ) -> None:
        """The ledger has been read, and of the series in `tail` records which their checkpoints do not account for.

        `ends` are the offsets after the last records read.
        """
        self.partitions = partitions
        self._newest |= {place: max(end - 1, self.newest(place)) for place, end in ends.items()}
        self._uncovered |= set(tail)
        for entry in progress.values():
            self._learn(entry)

    def complete(self, records: Sequence[NewRecord], entries: Sequence[Entry]) -> tuple[list[Progress], list[Entry]]:
        """Checkpoints that go before `records`, and entries that go after: the gaps that checkpoints name first."""
        gaps = [entry for entry in entries if not isinstance(entry, Progress)]
        checkpoints = {entry.series: entry for entry in entries if isinstance(entry, Progress)}
        raised = {series: self._raised(entry) for series, entry in checkpoints.items() if self._covers(entry)}
        firsts = self._firsts(records)
        quiet = sorted(self._quiet - checkpoints.keys() - firsts.keys())[:MOST]
        again = {series: self._raised(self._progress[series]) for series in quiet}
        new = [self._raised(_empty(each, record)) for each, record in firsts.items() if each not in self._progress]
        return new, [*gaps, *{**checkpoints, **raised, **again}.values()]

    def committed(self, newest: Newest, first: Sequence[Progress], last: Sequence[Entry]) -> None:
        """What `complete` gave, and records up to these offsets, are seen by everybody."""
        checkpoints = [entry for entry in last if isinstance(entry, Progress)]
        covered = {entry.series for entry in checkpoints if self._covers(entry)}
        for (name, key), (partition, offset) in newest.items():
            self._published[name, partition] = max(offset, self._published.get((name, partition), -1))
            if series := self._series(name, key):
                self._newest[name, partition] = max(offset, self.newest((name, partition)))
                self._own[series] = offset
                self._uncovered.add(series)
        self._uncovered -= covered
        self._quiet -= self._uncovered  # who publishes again before its turn has come is accounted for by the producer
        for entry in (*first, *checkpoints):
            self._learn(entry)
        self._sweep({(name, partition) for (name, _), (partition, _) in newest.items()})

    def _learn(self, entry: Progress) -> None:
        self._progress[entry.series] = entry
        self._places[self.place(entry.series)].add(entry.series)
        self._quiet.discard(entry.series)

    def _covers(self, entry: Progress) -> bool:
        """Whether the producer accounts for all that this owner has published of the series, in earlier calls.

        With what was there before, the producer began, and what comes in the same call is in its state already.
        """
        own = self._own.get(entry.series)
        return own is None or (entry.topic_offset is not None and entry.topic_offset[1] >= own)

    def _raised(self, entry: Progress) -> Progress:
        """With the offset of the newest record of the partition, where that is known to be later."""
        place = self.place(entry.series)
        newest = self.newest(place)
        known = -1 if entry.topic_offset is None else entry.topic_offset[1]
        return replace(entry, topic_offset=(place[1], newest)) if newest > known else entry

    def _firsts(self, records: Sequence[NewRecord]) -> dict[Series, NewRecord]:
        found: dict[Series, NewRecord] = {}
        for record in records:
            if series := self._series(record.topic, record.key):
                found.setdefault(series, record)
        return found

    def _sweep(self, places: Iterable[Place]) -> None:
        """Find the quiet series of partitions that have grown."""
        for place in places:
            newest = self.newest(place)
            if newest < self._swept.get(place, 0) + LAG:
                continue
            self._swept[place] = newest
            accounted = self._places[place] - self._uncovered
            self._quiet |= {series for series in accounted if newest - self._reaches(series) > LAG}

    def _reaches(self, series: Series) -> int:
        return (self._progress[series].topic_offset or (0, -1))[1]

    def _series(self, name: str, key: bytes) -> Series | None:
        interval = name.removeprefix(self._prices)
        if interval == name or interval not in INTERVALS:
            return None
        return Series(key.decode(errors="replace"), interval)


def _empty(series: Series, record: NewRecord) -> Progress:
    first = _opened.decode(record.value)
    return Progress(
        series=series,
        start=first.open_time,
        next_open=first.open_time,
        last_trade_id=None,
        published=0,
        duplicates_dropped=0,
        topic_offset=None,
        generation=0,
        at=first.published_at,
    )
