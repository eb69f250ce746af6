"""Between the values of the core and columns of the database, in both directions. Pure.

All columns of a batch have the same length n. Absent values are NaN and -1 in columns, NULL in tables.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryptostream.core.market.candle import CandleTable, EnrichedTable, ValidatedCandle
from cryptostream.core.market.series import EXCHANGE, Series, Symbol
from cryptostream.store.schema import (
    ENRICHED_FLAGS,
    ENRICHED_INTEGERS,
    FLOATS,
    INTEGERS,
    OPTIONAL_FLOATS,
    OPTIONAL_INTEGERS,
    TEXTS,
)

Columns = dict[str, NDArray[Any]]


def raw_columns(candles: Sequence[ValidatedCandle]) -> Columns:
    """The columns of table `candle`, without `stream`."""
    records = [candle.record for candle in candles]
    columns = {
        **{name: np.array([getattr(r, name) for r in records], object) for name in TEXTS},
        **{name: np.array([getattr(r, name) for r in records], np.int64) for name in INTEGERS},
        **{name: np.array([_number(getattr(r, name)) for r in records], np.int64) for name in OPTIONAL_INTEGERS},
        # None becomes NaN in an array of floats
        **{name: np.array([getattr(c, name) for c in candles], np.float64) for name in (*FLOATS, *OPTIONAL_FLOATS)},
        "simulated": np.array([r.simulated for r in records], np.bool_),
        "flagged": np.array([c.flagged for c in candles], np.bool_),
    }
    return _newest(columns)


def _number(value: int | None) -> int:
    return -1 if value is None else value


def enriched_columns(
    tables: Sequence[EnrichedTable], fields: Iterable[str], symbols: Mapping[str, Symbol], *, simulated: bool
) -> Columns:
    """The columns of table `indicators`, without `stream`; fields that a table does not have are NaN."""

    def repeated(of: Callable[[Series], object]) -> NDArray[Any]:
        return np.repeat(np.array([of(table.series) for table in tables], object), [len(table) for table in tables])

    columns = {
        "exchange": repeated(lambda _: EXCHANGE),
        "coin": repeated(lambda series: symbols[series.symbol].coin),
        "symbol": repeated(lambda series: series.symbol),
        "interval": repeated(lambda series: series.interval),
        **{
            name: np.concatenate([getattr(table, name) for table in tables])
            for name in (*ENRICHED_INTEGERS, *ENRICHED_FLAGS)
        },
        **{
            name: np.concatenate([table.values.get(name, np.full(len(table), np.nan)) for table in tables])
            for name in fields
        },
    }
    columns["simulated"] = np.full(len(columns["open_time"]), simulated)
    return _newest(columns)


def _newest(columns: Columns) -> Columns:
    """One row for each candle: the last one of its newest revision."""
    keys = list(zip(columns["symbol"], columns["interval"], columns["open_time"].tolist(), strict=True))
    if len(set(keys)) == len(keys):
        return columns
    order = np.argsort(columns["revision"], kind="stable").tolist()
    rows = list({keys[row]: row for row in order}.values())
    return {name: column[rows] for name, column in columns.items()}


def candle_table(columns: Mapping[str, NDArray[Any]]) -> CandleTable:
    """The table of rows as read."""
    return CandleTable(**columns)


def enriched_table(series: Series, fields: Iterable[str], columns: Mapping[str, NDArray[Any]]) -> EnrichedTable:
    """The table of rows as read, with their `fields`."""
    return EnrichedTable(
        series=series,
        values={name: columns[name] for name in fields},
        **{name: columns[name] for name in (*ENRICHED_INTEGERS, *ENRICHED_FLAGS)},
    )
