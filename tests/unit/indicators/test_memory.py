import numpy as np
import pytest

from cryptostream.core.indicators.catalogue import functions
from cryptostream.core.indicators.memory import MOVING_AVERAGES, STEPS, forgetting
from cryptostream.core.indicators.parameter import Value
from cryptostream.core.market.candle import Floats
from tests.unit.indicators.support import compiled, declared, walk

CANDLES = walk(9000, seed=5)
FIGURES = (("SMA", 20, 20), ("EMA", 20, 207), ("EMA", 200, 2072), ("STDDEV", 20, 20), ("RSI", 14, 325))
Params = dict[str, Value]


def averages(*names: str) -> tuple[Params, ...]:
    """Every moving average for the parameters `names`."""
    return tuple(dict.fromkeys(names, number) for number in sorted(MOVING_AVERAGES))


OTHER_PARAMS: tuple[tuple[str, tuple[Params, ...]], ...] = (
    ("EMA", ({"timeperiod": 1}, {"timeperiod": 2}, {"timeperiod": 20, "input": "volume"})),
    ("DEMA", ({"input": "volume"},)),
    ("RSI", ({"timeperiod": 2}, {"timeperiod": 100})),
    ("ATR", ({"timeperiod": 100},)),
    ("ADX", ({"timeperiod": 50},)),
    ("KC", ({"atrperiod": 60},)),
    ("MACD", ({"fastperiod": 50, "slowperiod": 200, "signalperiod": 100},)),
    ("STOCHRSI", ({"fastd_matype": 1},)),
    *((name, averages("matype")) for name in ("MA", "BBANDS", "APO", "PPO", "PVO")),
    ("STOCH", averages("slowk_matype", "slowd_matype")),
    ("MACDEXT", averages("fastmatype", "slowmatype", "signalmatype")),
)


@pytest.mark.parametrize(("function", "periods", "window"), FIGURES)
def test_figures(function: str, periods: int, window: int) -> None:
    (indicator,) = compiled(declared("x", function, timeperiod=periods))
    assert indicator.window == window


def test_an_average_forgets_what_came_before() -> None:
    assert (1 - 1 / 14) ** forgetting(1 / 14) <= 1e-10 < (1 - 1 / 14) ** (forgetting(1 / 14) - 1)
    assert forgetting(1.0) == 1


def test_every_recursive_function_is_in_the_catalogue() -> None:
    assert set(STEPS) <= set(functions())


@pytest.mark.parametrize("name", sorted(functions()))
def test_a_longer_window_changes_nothing(name: str) -> None:
    assert furthest(name, {}) <= 1e-9


@pytest.mark.parametrize(("name", "variants"), OTHER_PARAMS, ids=[name for name, _ in OTHER_PARAMS])
def test_a_longer_window_changes_nothing_with_other_parameters(name: str, variants: tuple[Params, ...]) -> None:
    assert max(furthest(name, params) for params in variants) <= 1e-9


@pytest.mark.parametrize("name", ["ADX", "ATR", "CMO", "DX", "EMA", "MACD", "RMA", "RSI"])
def test_a_window_of_the_lookback_would_not_do(name: str) -> None:
    assert furthest(name, {}, shortened=True) > 1e-4


def furthest(name: str, params: Params, *, shortened: bool = False) -> float:
    """The largest difference between values of the shortest call (its window and one candle) and those of
    a call over all candles, relative to the largest value."""
    (indicator,) = compiled(declared("x", name, **params))
    columns: list[Floats] = [getattr(CANDLES, column) for column in indicator.columns]
    before = indicator.lookback if shortened else indicator.window
    everything = indicator.kernel(columns, len(CANDLES))
    worst = 0.0
    for last in range(max(before, 4000), len(CANDLES), 97):
        shortest = indicator.kernel([column[last - before : last + 1] for column in columns], 1)
        for full, value in zip(everything, shortest, strict=True):
            assert np.isnan(full[last]) == np.isnan(value[-1])
            scale = np.nanmax(np.abs(full)) or 1.0
            worst = max(worst, float(np.nan_to_num(abs(full[last] - value[-1]))) / scale)
    return worst
