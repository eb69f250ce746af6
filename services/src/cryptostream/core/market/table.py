"""Tables of candles: building, merging and cutting, always into new tables. Pure."""

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from cryptostream.core.market.candle import CandleTable, Floats, Ints, ValidatedCandle
from cryptostream.core.market.interval import Millis

INTEGER_COLUMNS = frozenset({"open_time", "trades", "close_time", "first_trade_id", "last_trade_id", "revision"})
COLUMNS = tuple(field.name for field in fields(CandleTable))


def empty_table() -> CandleTable:
    """A table without rows."""
    return table_of(())


def table_of(candles: Sequence[ValidatedCandle]) -> CandleTable:
    """The table of `candles` of one series, which ascend by open time without repeats."""
    records = [candle.record for candle in candles]
    return CandleTable(
        open_time=np.array([r.open_time for r in records], dtype=np.int64),
        open=np.array([c.open for c in candles], dtype=np.float64),
        high=np.array([c.high for c in candles], dtype=np.float64),
        low=np.array([c.low for c in candles], dtype=np.float64),
        close=np.array([c.close for c in candles], dtype=np.float64),
        volume=np.array([c.volume for c in candles], dtype=np.float64),
        quote_volume=_floats([c.quote_volume for c in candles]),
        taker_buy_volume=_floats([c.taker_buy_volume for c in candles]),
        taker_buy_quote_volume=_floats([c.taker_buy_quote_volume for c in candles]),
        trades=_integers([r.trades for r in records]),
        close_time=np.array([r.close_time for r in records], dtype=np.int64),
        first_trade_id=_integers([r.first_trade_id for r in records]),
        last_trade_id=_integers([r.last_trade_id for r in records]),
        revision=np.array([r.revision for r in records], dtype=np.int64),
    )


def between(table: CandleTable, start: Millis, end: Millis) -> CandleTable:
    """The rows with open time in [start, end), as views."""
    low, high = np.searchsorted(table.open_time, (start, end))
    return take(table, slice(int(low), int(high)))


def take(table: CandleTable, rows: slice | Ints) -> CandleTable:
    """The chosen rows."""
    return CandleTable(**{name: getattr(table, name)[rows] for name in COLUMNS})


def merge(older: CandleTable, newer: CandleTable) -> CandleTable:
    """All rows of both; where both have an open time, the row of `newer` stands."""
    if not len(older):
        return newer
    if not len(newer):
        return older
    opens = np.concatenate((newer.open_time, older.open_time))
    _, first = np.unique(opens, return_index=True)
    return CandleTable(
        **{name: np.concatenate((getattr(newer, name), getattr(older, name)))[first] for name in COLUMNS}
    )


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _integers(values: Sequence[int | None]) -> Ints:
    return np.array([-1 if v is None else v for v in values], dtype=np.int64)
