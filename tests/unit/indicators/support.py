"""Tables and indicators for tests: random walks, recorded candles, short ways to declare and compute."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cryptostream.core.indicators.catalogue import Indicator, compile_indicators
from cryptostream.core.indicators.enrich import enrich
from cryptostream.core.indicators.parameter import Value
from cryptostream.core.market.candle import CandleTable, EnrichedTable, Floats, Ints
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.series import Series
from cryptostream.core.resource.spec import IndicatorSpec
from cryptostream.core.result import Ok

START = 1_700_006_400_000
"""2023-11-15 00:00 UTC."""


FLOATS = (
    *("open", "high", "low", "close", "volume"),
    *("quote_volume", "taker_buy_volume", "taker_buy_quote_volume"),
)


def table(opens: Ints, columns: Mapping[str, Floats]) -> CandleTable:
    """A table of these columns; what they lack is absent."""
    absent, unknown = np.full(len(opens), np.nan), np.full(len(opens), -1)
    floats = {name: np.ascontiguousarray(columns.get(name, absent), np.float64) for name in FLOATS}
    return CandleTable(
        open_time=opens,
        open=floats["open"],
        high=floats["high"],
        low=floats["low"],
        close=floats["close"],
        volume=floats["volume"],
        quote_volume=floats["quote_volume"],
        taker_buy_volume=floats["taker_buy_volume"],
        taker_buy_quote_volume=floats["taker_buy_quote_volume"],
        trades=unknown,
        close_time=unknown,
        first_trade_id=unknown,
        last_trade_id=unknown,
        revision=np.zeros(len(opens), np.int64),
    )


def walk(candles: int, seed: int, interval: str = "1m", *, start: int = START, sigma: float = 0.002) -> CandleTable:
    """A random walk without holes, whose volatility comes and goes."""
    rng = np.random.default_rng(seed)
    waves = sigma * (1.2 + np.sin(np.arange(candles) / 150))
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1, candles) * waves))
    open_ = np.concatenate(([100.0], close[:-1]))
    volume = rng.lognormal(3, 1, candles)
    grid = INTERVALS[interval]
    opens = np.array([grid.open_at(grid.index(start) + i) for i in range(candles)], np.int64)
    columns = {
        "open": open_,
        "high": np.maximum(open_, close) * (1 + waves * rng.random(candles)),
        "low": np.minimum(open_, close) * (1 - waves * rng.random(candles)),
        "close": close,
        "volume": volume,
        "quote_volume": volume * (open_ + close) / 2,
        "taker_buy_volume": volume * rng.random(candles),
        "taker_buy_quote_volume": volume * rng.random(candles) * close,
    }
    return table(opens, columns)


def recorded(folder: Path, stem: str) -> tuple[Series, CandleTable]:
    """The recorded candles of `klines/<stem>.csv`."""
    rows = np.genfromtxt(folder / "klines" / f"{stem}.csv", delimiter=",", names=True)
    symbol, interval = stem.split("_")[1].split("-")[:2]
    columns = {name: rows[name] for name in FLOATS if name in (rows.dtype.names or ())}
    return Series(symbol, interval), table(rows["open_time"].astype(np.int64), columns)


def declared(name: str, function: str, **params: Value) -> IndicatorSpec:
    """One declared indicator."""
    return IndicatorSpec(name, function, tuple(params.items()))


def carried(name: str, function: str, longer: str, **params: Value) -> IndicatorSpec:
    """One declared indicator with `withInterval`."""
    return IndicatorSpec(name, function, tuple(params.items()), longer)


def compiled(*specs: IndicatorSpec, intervals: tuple[str, ...] = ("1m", "15m", "1h")) -> tuple[Indicator, ...]:
    """The indicators of `specs`, which have no fault."""
    result = compile_indicators(specs, intervals)
    assert isinstance(result, Ok), result
    return result.value


def enriched(
    candles: CandleTable,
    indicators: tuple[Indicator, ...],
    series: Series,
    *,
    start: int = 0,
    end: int = 1 << 60,
    first_open: int | None = None,
    listing: int | None = None,
    longer: Mapping[str, CandleTable] | None = None,
) -> EnrichedTable:
    """`enrich` over all of `candles`, which begin at the first one stored."""
    beside = longer or {}
    return enrich(
        candles,
        series=series,
        indicators=indicators,
        start=start,
        end=end,
        first_open=first_open if first_open is not None or not len(candles) else int(candles.open_time[0]),
        listing=listing,
        longer=beside,
        longer_first={name: int(rows.open_time[0]) if len(rows) else None for name, rows in beside.items()},
    )
