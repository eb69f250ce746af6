"""Reads a stored series in pieces, so that memory stays bounded however long it is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cryptostream.core.indicators.catalogue import Indicator
from cryptostream.core.indicators.enrich import needed_from, needed_from_longer
from cryptostream.core.market.candle import CandleTable, Ints
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DirtyRange
from cryptostream.core.result import Err, Ok, Result, collect
from cryptostream.core.stream.runs import Run
from cryptostream.core.stream.windows import BEGINNING, END
from cryptostream.local.verify_check import Piece, Subject, expected_ranges
from cryptostream.store.duckdb_notes import RunTotals
from cryptostream.store.duckdb_store import DuckDbStore

PAGE = 20_000
"""Candles of a piece."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Everything stored besides candles and rows."""

    series: tuple[Series, ...]
    gaps: tuple[Gap, ...]
    dirty: tuple[DirtyRange, ...]
    coverage: Mapping[Series, tuple[Run, ...]]
    listings: Mapping[Series, Millis]
    refused: Mapping[Series, tuple[tuple[Millis, str], ...]]
    totals: RunTotals | None


def read_notes(store: DuckDbStore) -> Result[Notes, str]:
    """All notes of a store."""
    results = (
        store.series(),
        store.ledger.gaps(),
        store.dirty(),
        store.notes.coverage(),
        store.notes.listings(),
        store.dead_letters.places(),
        store.notes.last_totals(),
    )
    match results:
        case Ok(series), Ok(gaps), Ok(dirty), Ok(coverage), Ok(listings), Ok(refused), Ok(totals):
            return Ok(Notes(series, gaps, dirty, coverage, listings, refused, totals))
        case _:
            return Err(next(each.error.detail for each in results if isinstance(each, Err)))


class Reader:
    """Reads series in pieces of about `page` candles."""

    def __init__(self, store: DuckDbStore, notes: Notes, indicators: tuple[Indicator, ...], page: int = PAGE) -> None:
        self._store = store
        self._page = page
        self.notes = notes
        self.indicators = indicators

    def subject(self, series: Series) -> Result[Subject, str]:
        """What is known of `series` before its candles are read."""
        beside = [each for each in self.notes.series if each.symbol == series.symbol]
        bounds: dict[str, Run | None] = {}
        for each in beside:
            found = self._store.bounds(each)
            if isinstance(found, Err):
                return Err(found.error.detail)
            bounds[each.interval] = found.value
        own, gaps = bounds.get(series.interval), tuple(gap for gap in self.notes.gaps if gap.series == series)
        return Ok(
            Subject(
                series=series,
                bounds=own,
                listing=self.notes.listings.get(series),
                expected=expected_ranges(INTERVALS[series.interval], own, gaps, self.notes.coverage.get(series, ())),
                gaps=gaps,
                refused=dict(self.notes.refused.get(series, ())),
                dirty=tuple((each.start, each.end) for each in self.notes.dirty if each.series == series),
                longer_first={name: run[0] if run else None for name, run in bounds.items()},
            )
        )

    def pieces(self, series: Series) -> Iterator[Result[Piece, str]]:
        """The series from the beginning to the end of time, piece by piece; ends with an error."""
        start, more = BEGINNING, True
        while more:
            opens = self._store.opens(series, start, self._page)
            if isinstance(opens, Err):
                yield Err(opens.error.detail)
                return
            more = len(opens.value) == self._page
            end = int(opens.value[-1]) + 1 if more else END
            yield self._piece(series, (start, end), opens.value)
            start = end

    def _piece(self, series: Series, span: tuple[Millis, Millis], opens: Ints) -> Result[Piece, str]:
        (start, end), interval, names = span, INTERVALS[series.interval], tuple[str, ...]()
        wanted = [(series, start, end)]
        if len(opens):
            first, last = interval.floor(int(opens[0])), int(opens[-1])
            wanted = [(series, min(start, needed_from(self.indicators, interval, first)), end)]
            longer = needed_from_longer(self.indicators, interval, first)
            names = tuple(longer)
            wanted += [(Series(series.symbol, name), low, last + 1) for name, low in longer.items()]
        tables, rows = self._tables(wanted), self._store.enriched(series, start, end)
        if isinstance(tables, Err):
            return tables
        if isinstance(rows, Err):
            return Err(rows.error.detail)
        return Ok(Piece(start, end, tables.value[0], rows.value, dict(zip(names, tables.value[1:], strict=True))))

    def _tables(self, wanted: Iterable[tuple[Series, Millis, Millis]]) -> Result[tuple[CandleTable, ...], str]:
        tables = collect(self._store.raw(*each) for each in wanted)
        return Err(tables.error[0].detail) if isinstance(tables, Err) else tables

    def rollups(self, whole: Series, part: str) -> Iterator[Result[tuple[CandleTable, CandleTable], str]]:
        """Candles of `whole` and those of interval `part` in them, piece by piece; ends with an error."""
        interval, start, more = INTERVALS[whole.interval], BEGINNING, True
        count = max(1, self._page * INTERVALS[part].step // interval.step)
        while more:
            opens = self._store.opens(whole, start, count)
            if isinstance(opens, Err):
                yield Err(opens.error.detail)
                return
            if not len(opens.value):
                return
            more, first, end = len(opens.value) == count, int(opens.value[0]), int(opens.value[-1]) + 1
            tables = self._tables(((whole, first, end), (Series(whole.symbol, part), first, interval.next(end - 1))))
            if isinstance(tables, Err):
                yield tables
                return
            yield Ok((tables.value[0], tables.value[1]))
            start = end
