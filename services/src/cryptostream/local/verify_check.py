"""One piece of a series held against what the core says it must be. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from cryptostream.core.indicators.catalogue import Indicator
from cryptostream.core.indicators.compare import row_differences
from cryptostream.core.indicators.enrich import enrich
from cryptostream.core.market.candle import CandleTable, EnrichedTable
from cryptostream.core.market.gap import ABSENT_CAUSES, Cause, Gap
from cryptostream.core.market.interval import INTERVALS, Interval, Millis
from cryptostream.core.market.sanity import Fault, Tail, candle_faults, chain_breaks
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import between
from cryptostream.core.stream.completeness import absent_runs, named
from cryptostream.core.stream.runs import Run, size, union, without
from cryptostream.local.verify_report import Finding, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of a series besides its candles.

    `expected` are the ranges in which every open time is expected; `refused` has the reason of each dead
    letter by open time; `longer_first` the first open times of the symbol's other series, by interval.
    """

    series: Series
    bounds: Run | None
    listing: Millis | None
    expected: tuple[Run, ...]
    gaps: tuple[Gap, ...]
    refused: Mapping[Millis, str]
    dirty: tuple[Run, ...]
    longer_first: Mapping[str, Millis | None]

    @property
    def interval(self) -> Interval:
        return INTERVALS[self.series.interval]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """All that is stored with open time in [start, end); `table` and `longer` reach back as far as rows need."""

    start: Millis
    end: Millis
    table: CandleTable
    enriched: EnrichedTable
    longer: Mapping[str, CandleTable]


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a piece, and where its chain of trades stands."""

    stored: int
    absent: Mapping[Cause, int]
    findings: tuple[Finding, ...]
    tail: Tail | None


def expected_ranges(
    interval: Interval, bounds: Run | None, gaps: Iterable[Gap], coverage: Iterable[Run]
) -> tuple[Run, ...]:
    """Where a series must be complete: its recordings, or from its first candle or gap to its last candle."""
    if ranges := union(interval, coverage):
        return ranges
    ledgered = tuple(gaps)
    starts = [*(gap.start for gap in ledgered), *(bounds[:1] if bounds else ())]
    ends = [bounds[1]] if bounds else [gap.end for gap in ledgered]
    return ((min(starts), max(ends)),) if starts else ()


def check(subject: Subject, indicators: tuple[Indicator, ...], piece: Piece, tail: Tail | None) -> Checked:
    """Everything that is wrong with `piece`; `tail` is that of the piece before."""
    rows = between(piece.table, piece.start, piece.end)
    causes: dict[Cause, int] = {}
    findings: list[Finding] = []
    for cause, run in named(subject.interval, _absent(subject, piece, rows), subject.gaps):
        if cause is not None:
            causes[cause] = causes.get(cause, 0) + size(subject.interval, run)
        findings += _absence(subject, cause, run)
    breaks, tail = chain_breaks(rows, subject.interval, tail)
    again = rows.open_time[1:][np.diff(rows.open_time) == 0].tolist()
    findings += _found(subject, "duplicate", ((open_time, "it is stored more than once") for open_time in again))
    findings += _found(subject, "impossible", candle_faults(rows, subject.interval))
    findings += _found(subject, "trade_chain", breaks)
    findings += _found(subject, "enriched", _row_faults(subject, indicators, piece))
    return Checked(len(rows), causes, tuple(findings), tail)


def _found(subject: Subject, kind: Kind, faults: Iterable[Fault]) -> Iterator[Finding]:
    return (Finding(kind, detail, subject.series, open_time) for open_time, detail in faults)


def _absent(subject: Subject, piece: Piece, rows: CandleTable) -> Iterator[Run]:
    for first, last in subject.expected:
        start, end = max(first, piece.start), min(subject.interval.next(last), piece.end)
        if start < end:
            yield from absent_runs(subject.interval, rows.open_time, start, end)


def _absence(subject: Subject, cause: Cause | None, run: Run) -> Iterator[Finding]:
    """Why a run that is not stored is no good; nothing if the exchange itself does not have it."""
    count = size(subject.interval, run)
    if cause in ABSENT_CAUSES:
        return
    if cause is not None:
        yield Finding("pending", f"{count} absent, {cause}: not fetched yet", subject.series, run[0], count)
        return
    refused = [open_time for open_time in subject.refused if run[0] <= open_time <= run[1]]
    for open_time in refused:
        yield Finding("dead_letter", f"refused: {subject.refused[open_time]}", subject.series, open_time)
    for first, last in without(subject.interval, run, ((each, each) for each in refused)):
        count = size(subject.interval, (first, last))
        yield Finding("missing", f"{count} absent, and nothing says why", subject.series, first, count)


def _row_faults(subject: Subject, indicators: tuple[Indicator, ...], piece: Piece) -> Iterator[Fault]:
    """Enriched rows that are not what their candles make, those left aside that are to be computed again.

    A stream without indicators has none to be judged.
    """
    if not indicators:
        return
    computed = enrich(
        piece.table,
        series=subject.series,
        indicators=indicators,
        start=piece.start,
        end=piece.end,
        first_open=subject.bounds[0] if subject.bounds else None,
        listing=subject.listing,
        longer=piece.longer,
        longer_first=subject.longer_first,
    )
    for open_time, detail in row_differences(piece.enriched, computed):
        if not any(first <= open_time <= last for first, last in subject.dirty):
            yield open_time, detail
