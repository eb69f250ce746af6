"""Candles and enriched rows as a store takes them, for tests."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from msgspec.structs import replace

from cryptostream.core.market.candle import CandleRecord, EnrichedTable, ValidatedCandle
from cryptostream.core.market.interval import DAY, HOUR, INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.result import Ok, Result

BTC_1M = Series("BTCUSDC", "1m")
T0 = 1_700_000_040_000
"""A full minute."""
MINUTE = 60_000


T = TypeVar("T")


def done(result: Result[T, Any]) -> T:
    """The value of an `Ok`; with an error the test fails."""
    assert isinstance(result, Ok), result
    return result.value


def candle(series: Series, open_time: Millis, *, revision: int = 0, **changes: Any) -> ValidatedCandle:
    """A valid candle of `series`; `changes` are fields of its record."""
    close = 100 + open_time // 1000 % 977 / 10
    record = CandleRecord(
        exchange="binance",
        symbol=series.symbol,
        coin=series.symbol.removesuffix("USDC"),
        quote="USDC",
        interval=series.interval,
        open_time=open_time,
        close_time=INTERVALS[series.interval].close_time(open_time),
        open="100.1",
        high=str(close + 10),
        low="99.5",
        close=str(close),
        volume="3.30000000",
        quote_volume="330.7",
        trades=7,
        taker_buy_volume="1.1",
        taker_buy_quote_volume="110.2",
        first_trade_id=open_time // MINUTE * 7,
        last_trade_id=open_time // MINUTE * 7 + 6,
        lane="live",
        revision=revision,
        source="websocket",
        exchange_time=open_time + 60_004,
        published_at=(open_time + 60_012) * 1000,
        simulated=False,
    )
    return validated(replace(record, **changes))


def validated(record: CandleRecord, *, flagged: bool = False) -> ValidatedCandle:
    """`record` with its decimals as floats."""
    names = ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    decimals = {name: getattr(record, name) for name in names}
    floats: dict[str, Any] = {name: None if text is None else float(text) for name, text in decimals.items()}
    return ValidatedCandle(record=record, **floats, flagged=flagged)


def candles(series: Series, opens: Iterable[Millis]) -> tuple[ValidatedCandle, ...]:
    """A valid candle at each of `opens`."""
    return tuple(candle(series, open_time) for open_time in opens)


def rows(
    series: Series, opens: Sequence[Millis], values: Mapping[str, Sequence[float]], revision: int = 0
) -> EnrichedTable:
    """Warm rows at `opens` with `values`."""
    times = np.array(opens, dtype=np.int64)
    return EnrichedTable(
        series=series,
        open_time=times,
        revision=np.full(len(times), revision),
        values={name: np.array(column, dtype=np.float64) for name, column in values.items()},
        warm=np.ones(len(times), bool),
        gap_in_window=np.zeros(len(times), bool),
        hour=times // HOUR % 24,
        weekday=(times // DAY + 3) % 7,
    )
