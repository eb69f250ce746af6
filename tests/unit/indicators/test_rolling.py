"""Our own functions against NumPy, window by window."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.series import Series
from tests.unit.indicators.support import compiled, declared, enriched, recorded, walk

MINUTES = Series("BTCUSDC", "1m")
CANDLES = walk(400, seed=11)


def column(candles: CandleTable, function: str, period: int) -> list[float]:
    rows = enriched(candles, compiled(declared("x", function, timeperiod=period)), MINUTES)
    return [float(value) for value in rows.values["x"]]


@pytest.mark.parametrize("period", [1, 5, 100])
def test_vwap_is_quote_volume_by_volume(period: int) -> None:
    for last in (period - 1, 250, 399):
        window = slice(last + 1 - period, last + 1)
        expected = CANDLES.quote_volume[window].sum() / CANDLES.volume[window].sum()
        assert column(CANDLES, "VWAP", period)[last] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("period", [2, 20])
def test_realised_volatility_is_the_sample_deviation_of_log_returns(period: int) -> None:
    returns = np.diff(np.log(CANDLES.close))
    values = column(CANDLES, "REALISED_VOLATILITY", period)
    assert np.isnan(values).sum() == period
    for last in (period, 250, 399):
        assert values[last] == pytest.approx(returns[last - period : last].std(ddof=1), rel=1e-9)


@pytest.mark.parametrize("period", [2, 20])
def test_zscore_is_the_distance_from_the_mean_in_deviations(period: int) -> None:
    values = column(CANDLES, "ZSCORE", period)
    for last in (period - 1, 250, 399):
        window = CANDLES.close[last + 1 - period : last + 1]
        assert values[last] == pytest.approx((window[-1] - window.mean()) / window.std(), rel=1e-9)


def test_vwap_is_undefined_where_nothing_was_traded(shared_data: Path) -> None:
    series, candles = recorded(shared_data, "spot_ALGOBTC-1m-2023-04-09_11_ohlcv_zero_volume")
    candles = replace(candles, quote_volume=candles.volume * candles.close)
    values = enriched(candles, compiled(declared("x", "VWAP", timeperiod=3)), series).values["x"]
    untraded = np.convolve(candles.volume, np.ones(3))[: len(candles)] == 0
    assert untraded[2:].any()
    np.testing.assert_array_equal(np.isnan(values)[2:], untraded[2:])


def test_a_large_volume_leaves_no_trace_behind() -> None:
    """A running sum would: 1e12 + 1e-6 - 1e12 is not 1e-6."""
    volume = np.where(np.arange(400) < 200, 1e12, 1e-6)
    candles = replace(CANDLES, volume=volume, quote_volume=volume * 100)
    assert column(candles, "VWAP", 5)[399] == pytest.approx(100, rel=1e-12)


def test_a_price_that_stands_still_does_not_vary() -> None:
    candles = replace(CANDLES, close=np.full(400, 28_012.34))
    assert column(candles, "REALISED_VOLATILITY", 20)[399] == 0
    assert np.isnan(column(candles, "ZSCORE", 20)[399])
