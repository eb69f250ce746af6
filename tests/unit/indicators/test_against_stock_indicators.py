"""Values published by Stock.Indicators for 502 daily bars of a stock, laid on a grid without weekends."""

import json
from pathlib import Path

import numpy as np
import pytest

from cryptostream.core.indicators.parameter import Value
from cryptostream.core.market.candle import CandleTable, EnrichedTable, Floats
from cryptostream.core.market.interval import DAY
from cryptostream.core.market.series import Series
from tests.unit.indicators.support import compiled, declared, enriched, table

FOLDER = "indicators/stock_indicators"
START = 17_000 * DAY
AGREEING: tuple[tuple[str, dict[str, Value], dict[str, str]], ...] = (
    ("SMA", {"timeperiod": 20}, {"x": "sma.sma"}),
    ("EMA", {"timeperiod": 20}, {"x": "ema.ema"}),
    ("RSI", {"timeperiod": 14}, {"x": "rsi.rsi"}),
    ("BBANDS", {"timeperiod": 20}, {"x_upper": "bb.upperBand", "x_middle": "bb.sma", "x_lower": "bb.lowerBand"}),
    ("ATR", {"timeperiod": 14}, {"x": "atr.atr"}),
    ("STDDEV", {"timeperiod": 14}, {"x": "stdev.stdDev"}),
    ("STOCH", {"fastk_period": 14}, {"x_slowk": "stoch.k", "x_slowd": "stoch.d"}),
    ("ZSCORE", {"timeperiod": 14}, {"x": "stdev.zScore"}),
    ("TRANGE", {}, {"x": "atr.tr"}),
)


def published(folder: Path, name: str) -> Floats:
    file, field = name.split(".")
    rows = json.loads((folder / FOLDER / f"{file}.standard.json").read_text())
    return np.array([row[field] for row in rows], np.float64)


def computed(folder: Path, function: str, params: dict[str, Value]) -> EnrichedTable:
    candles = bars(folder)
    indicators = compiled(declared("x", function, **params), intervals=("1d",))
    return enriched(candles, indicators, Series("STOCK", "1d"), listing=int(candles.open_time[0]))


def bars(folder: Path) -> CandleTable:
    rows = np.genfromtxt(folder / FOLDER / "default.csv", delimiter=",", names=True, usecols=range(1, 6))
    names = ("open", "high", "low", "close", "volume")
    return table(START + np.arange(len(rows)) * DAY, {name: rows[name] for name in names})


@pytest.mark.parametrize(("function", "params", "fields"), AGREEING, ids=[each[0] for each in AGREEING])
def test_where_the_conventions_agree(
    shared_data: Path, function: str, params: dict[str, Value], fields: dict[str, str]
) -> None:
    """… and `../shared/data/indicators` where the conventions agree (differences explained in docs)."""
    rows = computed(shared_data, function, params)
    for field, name in fields.items():
        expected, values = published(shared_data, name), rows.values[field]
        known = np.isfinite(expected) & np.isfinite(values)
        assert known.sum() >= 483
        assert np.abs(values - expected)[rows.warm & known].max() <= 1e-9 * np.abs(expected[known]).max()


def test_macd_is_seeded_otherwise_and_converges(shared_data: Path) -> None:
    """TA-Lib starts both averages at one bar, Stock.Indicators each as early as it can."""
    rows = computed(shared_data, "MACD", {})
    for field, name in (("x_macd", "macd.macd"), ("x_signal", "macd.signal"), ("x_hist", "macd.histogram")):
        apart = np.abs(rows.values[field] - published(shared_data, name))
        assert apart[33] > 1e-3
        assert apart[33:60].max() > apart[60:100].max() > apart[100:200].max() > apart[200:].max()
        assert apart[200:].max() < 1e-9
