"""The ledger as a consumer knows it: how far each series is published, and what is missing of it and why. Pure.

Records of the ledger come in two ways. Those that the group shares out are stored as gaps, once. All of them, whoever
they were given to, make a `Book`: what a series began with is judged by it, and whether a candle is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptostream.core.codec.ledger import Entry, decode, key
from cryptostream.core.market.gap import ABSENT_CAUSES, Gap
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import empty_table
from cryptostream.core.ports import DeadLetter, LogRecord
from cryptostream.core.result import Err
from cryptostream.core.stream.consumer_letters import letter
from cryptostream.core.stream.resume import missing
from cryptostream.core.stream.runs import Run, size, union, within


class Given(NamedTuple):
    """Records of the ledger: entries, the gaps that they tell of at their newest state, and what is no entry."""

    entries: tuple[LogRecord, ...]
    gaps: tuple[Gap, ...]
    refused: tuple[DeadLetter, ...]


def given(records: Iterable[LogRecord], now: Millis) -> Given:
    """Read records of the ledger; an empty value takes back what the key has said."""
    gaps: dict[bytes, Gap] = {}
    entries: list[LogRecord] = []
    refused: list[DeadLetter] = []
    for log in records:
        entry = decode(log.key, log.value) if log.value else None
        if isinstance(entry, Err):
            refused.append(letter(log, entry.error, "decode", now))
            continue
        entries.append(log)
        if entry is not None and isinstance(entry.value, Gap):
            gaps[log.key] = entry.value
    return Given(tuple(entries), tuple(gaps.values()), tuple(refused))


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Everything in the ledger, each entry at its newest; the gaps of a series are by their keys.

    `listings` are the first open times that the exchange has, as far as they are known.
    """

    progress: Mapping[Series, Progress] = field(default_factory=dict)
    gaps: Mapping[Series, Mapping[bytes, Gap]] = field(default_factory=dict)
    listings: Mapping[Series, Millis] = field(default_factory=dict)


def noted(book: Book, entries: Sequence[Entry]) -> Book:
    """The book with newer `entries`, in their order."""
    if not entries:
        return book
    progress, gaps, listings = dict(book.progress), dict(book.gaps), dict(book.listings)
    changed: dict[Series, dict[bytes, Gap]] = {}
    for entry in entries:
        if isinstance(entry, Progress):
            progress[entry.series] = entry
            continue
        known = changed.setdefault(entry.series, dict(gaps.get(entry.series, {})))
        known[key(entry)] = entry
        if entry.cause == "before_listing":
            listed = INTERVALS[entry.series.interval].next(entry.end)
            listings[entry.series] = max(listed, listings.get(entry.series, listed))
    return Book(progress, gaps | changed, listings)


def expected(book: Book, series: Series) -> int | None:
    """How many candles of a series should be stored: all that is published; None where the ledger does not say."""
    progress = book.progress.get(series)
    if progress is None:
        return None
    interval = INTERVALS[series.interval]
    grid = interval.count(progress.start, progress.next_open)
    return grid - sum(size(interval, run) for run in unpublished(book, progress))


def unpublished(book: Book, progress: Progress) -> tuple[Run, ...]:
    """What the ledger names between start and next open time of a checkpoint: what is absent, or open still."""
    interval = INTERVALS[progress.series.interval]
    whole = progress.start, interval.shift(progress.next_open, -1)
    gaps = tuple(book.gaps.get(progress.series, {}).values())
    unknown = missing(interval, progress, gaps, empty_table().open_time, progress.start, progress.next_open)
    absent = ((gap.start, gap.end) for gap in gaps if gap.state == "closed" and gap.cause in ABSENT_CAUSES)
    lacked = (run for front in progress.fronts for run in front.absent)
    return tuple(within(whole, union(interval, (*unknown, *absent, *lacked))))
