from pathlib import Path

import numpy as np
import pytest
import talib

from cryptostream.core.market.candle import Bools, CandleTable, Floats
from cryptostream.core.market.series import Series
from tests.unit.indicators.support import compiled, declared, enriched, recorded, walk

DECLARED = (
    declared("sma", "SMA", timeperiod=20),
    declared("ema", "EMA", timeperiod=20),
    declared("rsi", "RSI"),
    declared("macd", "MACD"),
    declared("bb", "BBANDS"),
    declared("atr", "ATR"),
    declared("stddev", "STDDEV", timeperiod=20),
    declared("stoch", "STOCH"),
)
RECORDED = (
    "spot_BTCUSDT-1m-2023-03-23_25_ohlcv_with_outage",
    "spot_ETHUSDT-1m-2023-03-23_25_ohlcv_with_outage",
    "spot_BTCUSDT-1h-2023-01_2023-05_with_outage",
    "spot_ALGOBTC-1m-2023-04-09_11_ohlcv_zero_volume",
    "spot_XRPUSDT-1m-2023-04-09_11_ohlcv",
    "spot_BTCUSDT-15m-rest1000_2024-09",
    "spot_BTCUSDT-1m-2025-10-29_2025-11-01",
    "spot_BTCUSDT-1d-full",
)
QUIET = "derived_XRPETH-1s-2019-10-11T00-06h_from_trades_zero_filled"


def bare(candles: CandleTable) -> dict[str, Floats]:
    """One call of TA-Lib per function over all rows."""
    high, low, close = candles.high, candles.low, candles.close
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
    macd, signal, hist = talib.MACD(close, 12, 26, 9)
    slowk, slowd = talib.STOCH(high, low, close, 5, 3, slowd_period=3)
    return {
        "sma": talib.SMA(close, 20),
        "ema": talib.EMA(close, 20),
        "rsi": talib.RSI(close, 14),
        "macd_macd": macd,
        "macd_signal": signal,
        "macd_hist": hist,
        "bb_upper": upper,
        "bb_middle": middle,
        "bb_lower": lower,
        "atr": talib.ATR(high, low, close, 14),
        "stddev": talib.STDDEV(close, 20, 1),
        "stoch_slowk": slowk,
        "stoch_slowd": slowd,
    }


def differing(series: Series, candles: CandleTable) -> tuple[dict[str, Bools], Bools]:
    """By field, the rows that are further than 1e-9 of the value's scale from the bare call; and the rows
    which must not be. The scale of a field is its largest value."""
    rows = enriched(candles, compiled(*DECLARED, intervals=(series.interval,)), series)
    sure = rows.warm & ~rows.gap_in_window
    expected = bare(candles)
    assert rows.values.keys() - expected.keys() == {"mean_oc", "return", "range"}
    apart = {
        field: ~(np.abs(rows.values[field] - value) <= 1e-9 * np.max(np.abs(value[sure])))
        for field, value in expected.items()
    }
    return apart, sure


@pytest.mark.parametrize("stem", RECORDED)
def test_recorded_candles_give_the_values_of_one_bare_call(shared_data: Path, stem: str) -> None:
    """SMA, EMA, RSI, MACD, Bollinger, ATR, STDDEV, STOCH equal one bare TA-Lib call over all stored rows
    within 1e-9 of the value's scale (rows that are warm and without a gap)."""
    apart, sure = differing(*recorded(shared_data, stem))
    assert sure.sum() > 400
    assert {field: int((wrong & sure).sum()) for field, wrong in apart.items() if (wrong & sure).any()} == {}


@pytest.mark.parametrize(("seed", "sigma"), [(1, 0.002), (2, 0.02), (3, 1e-6), (4, 0.03)])
def test_random_walks_give_the_values_of_one_bare_call(seed: int, sigma: float) -> None:
    """SMA, EMA, RSI, MACD, Bollinger, ATR, STDDEV, STOCH equal one bare TA-Lib call over all stored rows
    within 1e-9 of the value's scale (rows that are warm and without a gap)."""
    apart, sure = differing(Series("BTCUSDC", "1m"), walk(4000, seed, sigma=sigma))
    assert sure.sum() > 3500
    assert {field: int((wrong & sure).sum()) for field, wrong in apart.items() if (wrong & sure).any()} == {}


def test_rows_with_the_outage_in_their_window_are_marked(shared_data: Path) -> None:
    series, candles = recorded(shared_data, RECORDED[0])
    rows = enriched(candles, compiled(*DECLARED, intervals=("1m",)), series)
    after = int(np.flatnonzero(np.diff(candles.open_time) > 60_000)[0]) + 1
    longest = max(i.window for i in compiled(*DECLARED))
    assert not rows.gap_in_window[:after].any()
    assert rows.gap_in_window[after : after + longest].all()
    assert not rows.gap_in_window[-1]


def test_only_rsi_differs_and_only_where_the_price_hardly_moves(shared_data: Path) -> None:
    """The exception that docs/indicators.md names: RSI where fewer than one candle in ten moved the price."""
    series, candles = recorded(shared_data, QUIET)
    apart, sure = differing(series, candles)
    window = next(i.window for i in compiled(*DECLARED) if i.name == "rsi")
    moves = np.convolve(np.diff(candles.close, prepend=candles.close[0]) != 0, np.ones(window))[: len(candles)]
    wrong = {field: rows & sure for field, rows in apart.items() if (rows & sure).any()}
    assert set(wrong) == {"rsi"}
    assert moves[wrong["rsi"]].max() < window / 10
    assert wrong["rsi"].sum() < sure.sum() / 50
