"""The consumer's values: what it remembers of each series, what it asks for, and what a step brings. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from msgspec.structs import astuple

from cryptostream.core.market.candle import CandleRecord, CandleTable
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DeadLetter, DirtyRange, LogRecord, StoreBatch
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


@dataclass(frozen=True, slots=True, eq=False)
class SeriesMemory:
    """What the consumer remembers of one series.

    `windows` ascend and lie apart; the last one reaches to the end of time, so that in-order candles need no
    look into the store, and one before it follows history. `dirty` are the ranges of enriched rows that the
    store knows to be computed again, `unchecked` the candles whose parts have not been added up yet.
    """

    windows: tuple[Window, ...]
    first_open: Millis | None
    newest: Millis | None
    listing: Millis | None = None
    dirty: tuple[Run, ...] = ()
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
    """All series met so far. `unplaced` counts dead letters that belong to no series of the stream."""

    series: Mapping[Series, SeriesMemory] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()
    unplaced: int = 0


class Arrival(NamedTuple):
    """A record of the log and the candle in it."""

    log: LogRecord
    record: CandleRecord


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A batch, decoded: by series in the order of the log, and what was no candle of this stream."""

    by_series: Mapping[Series, tuple[Arrival, ...]]
    refused: tuple[DeadLetter, ...]


class Load(msgspec.Struct, frozen=True):
    """Stored rows of `series` with open time in [start, end], to be read before a step."""

    series: Series
    start: Millis
    end: Millis


Loaded = Mapping[Load, CandleTable]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step wants done, and what it counted.

    `counts` are by series, of this step alone; `live` are open times of live candles stored for the first time.
    """

    batch: StoreBatch
    dead_letters: tuple[DeadLetter, ...]
    counts: Mapping[Series, Counts]
    live: Mapping[Series, tuple[Millis, ...]]


def dirty_changes(
    series: Series, before: tuple[Run, ...], after: tuple[Run, ...]
) -> tuple[tuple[DirtyRange, ...], tuple[DirtyRange, ...]]:
    """The dirty ranges to add to and to resolve in a store that knows `before`, so that it knows `after`."""
    old, new = set(before), set(after)
    return (
        tuple(DirtyRange(series, *run) for run in sorted(new - old)),
        tuple(DirtyRange(series, *run) for run in sorted(old - new)),
    )
