"""Candle stores in dicts: what any store must do, in the fewest lines, with faults to be switched on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from msgspec.structs import replace

from cryptostream.core.market.candle import CandleTable, EnrichedTable, ValidatedCandle
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import table_of
from cryptostream.core.ports import DirtyRange, StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result

Row = dict[str, Any]
T = TypeVar("T")


def rows_of(table: EnrichedTable) -> dict[Millis, Row]:
    """Each row by its open time; floats as their bits, so that equal means identical."""
    columns = {
        **{name: _bits(column) for name, column in table.values.items()},
        **{name: getattr(table, name).tolist() for name in ("revision", "warm", "gap_in_window", "hour", "weekday")},
    }
    return {
        open_time: {name: column[place] for name, column in columns.items()}
        for place, open_time in enumerate(table.open_time.tolist())
    }


def _bits(column: np.ndarray[Any, np.dtype[np.float64]]) -> list[int | None]:
    return [
        None if undefined else bits
        for undefined, bits in zip(np.isnan(column).tolist(), column.copy().view(np.int64).tolist(), strict=True)
    ]


@dataclass
class ModelStore:
    """`refuses` names candles which the store takes for bad; `faults` are given to the next calls of `write`."""

    candles: dict[Series, dict[Millis, ValidatedCandle]] = field(default_factory=dict)
    rows: dict[Series, dict[Millis, Row]] = field(default_factory=dict)
    ranges: set[DirtyRange] = field(default_factory=set)
    refuses: Callable[[ValidatedCandle], bool] = lambda _: False
    faults: list[StoreError] = field(default_factory=list)
    loads: list[tuple[Series, Millis, Millis]] = field(default_factory=list)

    @property
    def atomic(self) -> bool:
        return True

    def prepare(self, batch: StoreBatch) -> StoreBatch:
        return batch

    def write(self, batch: StoreBatch) -> Result[None, StoreError]:
        if self.faults:
            return Err(self.faults.pop(0))
        if any(map(self.refuses, batch.raw)):
            return Err(StoreError("bad candle", retryable=False))
        return self.put(batch)

    def put(self, batch: StoreBatch) -> Result[None, StoreError]:
        for candle in batch.raw:
            kept = self.candles.setdefault(candle.record.series, {})
            known = kept.get(candle.record.open_time)
            if known is None or known.record.revision <= candle.record.revision:
                kept[candle.record.open_time] = candle
        for table in (*batch.enriched, *batch.replaced):
            self.rows.setdefault(table.series, {}).update(rows_of(table))
        self.ranges = (self.ranges - set(batch.resolve_dirty)) | set(batch.add_dirty)
        return Ok(None)

    def raw(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, StoreError]:
        self.loads.append((series, start, end))
        return Ok(self.table(series, start, end))

    def table(self, series: Series, start: Millis, end: Millis) -> CandleTable:
        """As `raw`, for a test itself."""
        kept = self.candles.get(series, {})
        return table_of([kept[open_time] for open_time in sorted(kept) if start <= open_time < end])

    def enriched(self, series: Series, start: Millis, end: Millis) -> Result[EnrichedTable, StoreError]:
        raise NotImplementedError("tests look at `rows`")

    def bounds(self, series: Series) -> Result[tuple[Millis, Millis] | None, StoreError]:
        kept = self.candles.get(series)
        return Ok((min(kept), max(kept)) if kept else None)

    def dirty(self) -> Result[tuple[DirtyRange, ...], StoreError]:
        return Ok(tuple(sorted(self.ranges)))

    def close(self) -> None:
        """Nothing to be released."""


PORTION = 3
"""Points in one request: small, so that many writes are interrupted between two."""
OPTIONAL = ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume", "trades", "first_trade_id", "last_trade_id")


def nothing_happens(_: str) -> None:
    """No effect is interrupted."""


@dataclass
class PartsStore(ModelStore):
    """A store without transactions, as InfluxDB is one: requests of a few points, deletions apart from them.

    The fields of a point merge, and any revision overwrites any other. `effect` is called before each request; it may
    raise, as if the process ended there. If the store is `volatile`, what was asked for then can be read, but was not
    logged, until it is written again: `restart` takes it away.
    """

    gaps: dict[tuple[Series, Millis], Gap] = field(default_factory=dict)
    effect: Callable[[str], None] = nothing_happens
    volatile: bool = False
    unlogged: dict[tuple[str, Series, Millis], Any] = field(default_factory=dict)

    @property
    def atomic(self) -> bool:
        return False

    def put(self, batch: StoreBatch) -> Result[None, StoreError]:
        assert batch.add_dirty == batch.resolve_dirty == ()
        for candle in batch.raw:
            if candle.record.revision and None in optional(candle):
                self.effect("delete candle")
                self.candles.get(candle.record.series, {}).pop(candle.record.open_time, None)
        for portion in portions([(each.record.series, each.record.open_time, each) for each in batch.raw]):
            self._request("candles", self.candles, portion, merged)
        self.gaps |= {(gap.series, gap.start): gap for gap in batch.gaps}
        for table in batch.replaced:
            for open_time, row in rows_of(table).items():
                if None in row.values():
                    self.effect("delete row")
                    self.rows.get(table.series, {}).pop(open_time, None)
        rows = [(t.series, at, row) for t in (*batch.enriched, *batch.replaced) for at, row in rows_of(t).items()]
        for some in portions(rows):
            self._request("rows", self.rows, some, merged_row)
        return Ok(None)

    def restart(self) -> None:
        """What was not logged is gone."""
        for (what, series, open_time), before in self.unlogged.items():
            points: dict[Millis, Any] = (self.candles if what == "candles" else self.rows)[series]
            del points[open_time]
            points |= {} if before is None else {open_time: before}
        self.unlogged.clear()

    def _request(
        self,
        what: str,
        points: dict[Series, dict[Millis, T]],
        portion: Sequence[tuple[Series, Millis, T]],
        merge: Callable[[T | None, T], T],
    ) -> None:
        logged = False
        try:
            self.effect(what)
            logged = True
        finally:
            for series, open_time, point in portion if logged or self.volatile else ():
                kept, key = points.setdefault(series, {}), (what, series, open_time)
                if logged:
                    self.unlogged.pop(key, None)
                else:
                    self.unlogged.setdefault(key, kept.get(open_time))
                kept[open_time] = merge(kept.get(open_time), point)


def portions(points: Sequence[T]) -> Iterator[Sequence[T]]:
    return (points[at : at + PORTION] for at in range(0, len(points), PORTION))


def merged_row(before: Row | None, row: Row) -> Row:
    """`row` with the values of `before` that it does not have."""
    names = (before or {}).keys() | row.keys()
    return {name: (before or {}).get(name) if row.get(name) is None else row[name] for name in names}


def optional(candle: ValidatedCandle) -> list[object]:
    return [getattr(candle if hasattr(candle, name) else candle.record, name) for name in OPTIONAL]


def merged(before: ValidatedCandle | None, candle: ValidatedCandle) -> ValidatedCandle:
    """`candle` with the fields of `before` that it does not have."""
    if before is None:
        return candle
    kept = dict(zip(OPTIONAL, optional(before), strict=True))
    lacking = {name: kept[name] for name, value in zip(OPTIONAL, optional(candle), strict=True) if value is None}
    own = {name: value for name, value in lacking.items() if hasattr(candle, name)}
    of_record = {name: value for name, value in lacking.items() if not hasattr(candle, name)}
    return replace(candle, record=replace(candle.record, **of_record), **own)
