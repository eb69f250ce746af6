"""A candle store in dicts: what any store must do, in the fewest lines, with faults to be switched on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cryptostream.core.market.candle import CandleTable, EnrichedTable, ValidatedCandle
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import table_of
from cryptostream.core.ports import DirtyRange, StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result

Row = dict[str, Any]


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

    def write(self, batch: StoreBatch) -> Result[None, StoreError]:
        if self.faults:
            return Err(self.faults.pop(0))
        if any(map(self.refuses, batch.raw)):
            return Err(StoreError("bad candle", retryable=False))
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
