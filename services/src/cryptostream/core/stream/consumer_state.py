"""The consumer's values: what it remembers of each series, what it asks for, and what a step brings. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from msgspec.structs import astuple

from cryptostream.core.market.candle import CandleRecord, CandleTable
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.ports import DeadLetter, DirtyRange, LogRecord, Place, StoreBatch
from cryptostream.core.stream.runs import Run
from cryptostream.core.stream.windows import Window, nothing_after


class Counts(msgspec.Struct, frozen=True):
    """Records read of a series: `stored` + `duplicates` + `dead_lettered`; `revisions` are part of `stored`.

    `mismatches` counts candles found not to be the sum of their parts.
    """

    stored: int = 0
    revisions: int = 0
    duplicates: int = 0
    dead_lettered: int = 0
    mismatches: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


NOTHING = Counts()


class Fate(msgspec.Struct, frozen=True):
    """What became of records: `stored` + `duplicates` + `dead_lettered` + `ledger` are all of them."""

    stored: int = 0
    duplicates: int = 0
    dead_lettered: int = 0
    ledger: int = 0

    @property
    def records(self) -> int:
        return self.stored + self.duplicates + self.dead_lettered + self.ledger

    def __add__(self, other: "Fate") -> "Fate":
        return Fate(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


class Doubt(msgspec.Struct, frozen=True):
    """Among the first `left` candles stored from `start` on is that with which the series began at the last commit."""

    start: Millis
    left: int


@dataclass(frozen=True, slots=True, eq=False)
class SeriesMemory:
    """What the consumer remembers of one series.

    `windows` ascend and lie apart; the last one reaches to the end of time, so that in-order candles need no
    look into the store, and one before it follows history. `dirty` are the ranges of enriched rows that are to be
    computed again, which an atomic store knows too, `doubt` says where there may be more of them. `unchecked` are
    the candles whose parts have not been added up yet.
    """

    windows: tuple[Window, ...]
    first_open: Millis | None
    newest: Millis | None
    listing: Millis | None = None
    dirty: tuple[Run, ...] = ()
    doubt: Doubt | None = None
    unchecked: tuple[Run, ...] = ()
    counts: Counts = NOTHING


def remember(bounds: Run | None, dirty: tuple[Run, ...] = ()) -> SeriesMemory:
    """The memory of a series whose first and last stored open times are `bounds`."""
    first, newest = bounds or (None, None)
    return SeriesMemory((nothing_after(newest),), first, newest, dirty=dirty)


class Mismatch(msgspec.Struct, frozen=True):
    """A stored candle that is not the sum of its stored parts."""

    series: Series
    open_time: Millis
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class ConsumerState:
    """All series met so far, and by symbol the partition that it comes by.

    `unplaced` counts dead letters that belong to no series of the stream, `parted` all that was counted of series
    whose partitions were lost.
    """

    series: Mapping[Series, SeriesMemory] = field(default_factory=dict)
    partitions: Mapping[str, int] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()
    unplaced: int = 0
    parted: Counts = NOTHING

    @property
    def clean(self) -> bool:
        """Whether no enriched row has to be computed again."""
        return not any(memory.dirty or memory.doubt for memory in self.series.values())


class Arrival(NamedTuple):
    """A record of the log and the candle in it."""

    log: LogRecord
    record: CandleRecord


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A batch, decoded: candles by series in the order of the log, and what was no candle of this stream.

    `symbols` are those it brings along. `entries` are the records of the ledger, `gaps` what they say of gaps, each
    at its newest state.
    """

    by_series: Mapping[Series, tuple[Arrival, ...]]
    refused: tuple[DeadLetter, ...]
    symbols: tuple[Symbol, ...] = ()
    entries: tuple[LogRecord, ...] = ()
    gaps: tuple[Gap, ...] = ()


class Load(msgspec.Struct, frozen=True):
    """Stored rows of `series` with open time in [start, end], to be read before a step."""

    series: Series
    start: Millis
    end: Millis


Loaded = Mapping[Load, CandleTable]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step wants done, and what it counted, by series and by place, of this step alone.

    `live` are open times of live candles stored for the first time. `stale` are rows that were not what one
    computation over all candles gives once these were stored, if they had been written before.
    """

    batch: StoreBatch
    dead_letters: tuple[DeadLetter, ...]
    counts: Mapping[Series, Counts]
    live: Mapping[Series, tuple[Millis, ...]]
    places: Mapping[Place, Fate] = field(default_factory=dict)
    stale: tuple[tuple[Series, Run], ...] = ()


def dirty_changes(
    series: Series, before: tuple[Run, ...], after: tuple[Run, ...]
) -> tuple[tuple[DirtyRange, ...], tuple[DirtyRange, ...]]:
    """The dirty ranges to add to and to resolve in a store that knows `before`, so that it knows `after`."""
    old, new = set(before), set(after)
    return (
        tuple(DirtyRange(series, *run) for run in sorted(new - old)),
        tuple(DirtyRange(series, *run) for run in sorted(old - new)),
    )
