"""Records that the log deleted before they were read: which candles were in them, and are nowhere now. Pure.

The ledger says what was published. Once all that is left of a partition is stored, what was published and is not there
has expired. Judged by the ledger as it was before the loss was noticed, whatever came later cannot be mistaken for it.
"""

from dataclasses import dataclass, replace
from typing import Final

from cryptostream.core.codec.record import topic
from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.gap import BY_CONSUMER, Gap
from cryptostream.core.market.interval import INTERVALS, Interval, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Place
from cryptostream.core.stream.completeness import absent_runs
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_ledger import Book, unpublished
from cryptostream.core.stream.consumer_state import Load
from cryptostream.core.stream.runs import Run, size, without

STRIDE: Final = 4
"""Chunks of open times that are looked through at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """Which series of a partition are still to be searched, the first of them from `at` on."""

    book: Book
    left: tuple[Series, ...]
    at: Millis


def search(config: ConsumerConfig, book: Book, place: Place) -> Search:
    """The search for what had expired of `place`; the ledger knows which series are published there."""
    found = sorted(
        series
        for series, progress in book.progress.items()
        if progress.topic_offset is not None
        and progress.topic_offset[0] == place[1]
        and topic(config.stream, series.interval) == place[0]
        and progress.start < progress.next_open
    )
    return _from(book, tuple(found))


def next_look(config: ConsumerConfig, search: Search) -> Load | None:
    """What is to be read from the store for the next piece; None at the end."""
    if not search.left:
        return None
    series = search.left[0]
    interval = INTERVALS[series.interval]
    last = interval.shift(search.book.progress[series].next_open, -1)
    return Load(series, search.at, min(last, interval.shift(search.at, STRIDE * config.chunk - 1)))


def looked(search: Search, load: Load, rows: CandleTable, now: Millis) -> tuple[Search, tuple[Gap, ...]]:
    """The search after the piece that was read at `now`, and what has expired of it."""
    series = load.series
    interval, progress = INTERVALS[series.interval], search.book.progress[series]
    after = interval.next(load.end)
    named = unpublished(search.book, progress)
    runs = (
        part
        for run in absent_runs(interval, rows.open_time, load.start, after)
        for part in without(interval, run, named)
    )
    gaps = tuple(_expired(series, interval, run, now) for run in runs)
    if after >= progress.next_open:
        return _from(search.book, search.left[1:]), gaps
    return replace(search, at=after), gaps


def _from(book: Book, left: tuple[Series, ...]) -> Search:
    return Search(book, left, book.progress[left[0]].start if left else 0)


def _expired(series: Series, interval: Interval, run: Run, now: Millis) -> Gap:
    return Gap(
        series=series,
        start=run[0],
        end=run[1],
        candles=size(interval, run),
        cause="expired",
        state="open",
        detected_at=now,
        evidence=BY_CONSUMER,
    )
