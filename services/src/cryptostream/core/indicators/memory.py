"""How much of the past an indicator remembers: the window W, in candles. Pure arithmetic.

A function with finite memory needs W = lookback + 1 candles for one value. A recursive one never
forgets, but exponentially: what lies k steps back weighs (1 - alpha)^k, with alpha = 2/(n + 1) for an
exponential average over n candles and alpha = 1/n for one by Wilder. W is so long that a longer one
changes nothing above `TOLERANCE` of the value's scale. Four rules make it so.

- The seed has to be forgotten too. TA-Lib starts a recursive average with the mean of its first
  candles, which may be as far from the average as the average is from zero (a change, a range, a
  volume). So W = lookback + steps: the steps begin when the seed is formed.
- After its steps the past weighs less than `STEP_TOLERANCE`, a tenth of `TOLERANCE`, because quotients
  of averages (RSI, DX) and markets that calm down make an error relatively larger.
- Stages add up. The output of one average is the input of the next (the signal line of MACD, DEMA,
  TRIX, the smoothed DX in ADX). The inner one is right after its steps, and from then on the outer
  one forgets what it was fed before. Averages side by side (the two of APO) take the longer one.
- The moving average EMA of a price is the exception: its seed is itself a mean of prices, a few
  per cent off at most, so that it is enough when what lies before the window weighs less than
  `TOLERANCE`. A call holds at least W + 1 candles (`window`), hence W + 1 = forgetting(alpha, TOLERANCE).
"""

from collections.abc import Callable, Mapping
from math import ceil, log
from types import MappingProxyType
from typing import Final

from cryptostream.core.indicators.parameter import PRICES, Value

TOLERANCE: Final = 1e-9
"""What a longer window may change of a value, relative to the value's scale."""
STEP_TOLERANCE: Final = TOLERANCE / 10

Steps = Callable[[Mapping[str, int]], int]


def forgetting(alpha: float, tolerance: float = STEP_TOLERANCE) -> int:
    """Steps after which the past weighs less than `tolerance` in an average of weight `alpha` in (0, 1]."""
    return ceil(log(tolerance) / log(1 - alpha)) if alpha < 1 else 1


def exponential(periods: int) -> int:
    """`forgetting` of an exponential average, alpha = 2/(n + 1)."""
    return forgetting(2 / (periods + 1))


def wilder(periods: int) -> int:
    """`forgetting` of an average by Wilder, alpha = 1/n."""
    return forgetting(1 / periods)


MOVING_AVERAGES: Final[Mapping[int, tuple[str, Callable[[int], int]]]] = MappingProxyType(
    {
        0: ("SMA", lambda _: 0),
        1: ("EMA", exponential),
        2: ("WMA", lambda _: 0),
        3: ("DEMA", lambda n: 2 * exponential(n)),
        4: ("TEMA", lambda n: 3 * exponential(n)),
        5: ("TRIMA", lambda _: 0),
        9: ("HMA", lambda _: 0),
        12: ("ZLEMA", exponential),
        13: ("RMA", wilder),
    }
)
"""The values of a `matype` parameter that keep a window: TA-Lib's number → name and steps over n candles."""


def _average(params: Mapping[str, int], periods: str, matype: str) -> int:
    return MOVING_AVERAGES[params[matype]][1](params[periods])


def _exponential(*stages: str) -> Steps:
    return lambda p: sum(exponential(p[stage]) for stage in stages)


def _wilder(stages: int = 1) -> Steps:
    return lambda p: stages * wilder(p["timeperiod"])


def _side_by_side(p: Mapping[str, int]) -> int:
    return max(_average(p, "fastperiod", "matype"), _average(p, "slowperiod", "matype"))


def _macdext(p: Mapping[str, int]) -> int:
    line = max(_average(p, "fastperiod", "fastmatype"), _average(p, "slowperiod", "slowmatype"))
    return line + _average(p, "signalperiod", "signalmatype")


def _slow_stochastic(p: Mapping[str, int]) -> int:
    return _average(p, "slowk_period", "slowk_matype") + _average(p, "slowd_period", "slowd_matype")


STEPS: Final[Mapping[str, Steps]] = MappingProxyType(
    {
        "ADX": _wilder(2),
        "ADXR": _wilder(2),
        "APO": _side_by_side,
        "ATR": _wilder(),
        "BBANDS": lambda p: _average(p, "timeperiod", "matype"),
        "CMO": _wilder(),
        "CVI": _exponential("timeperiod"),
        "DEMA": _exponential("timeperiod", "timeperiod"),
        "DX": _wilder(),
        "EFI": _exponential("timeperiod"),
        "EMA": _exponential("timeperiod"),
        "ERI": _exponential("timeperiod"),
        "HA": lambda _: forgetting(1 / 2),
        "KC": lambda p: max(exponential(p["timeperiod"]), wilder(p["atrperiod"])),
        "KDJ": _slow_stochastic,
        "MA": lambda p: _average(p, "timeperiod", "matype"),
        "MACD": _exponential("slowperiod", "signalperiod"),
        "MACDEXT": _macdext,
        "MACDFIX": lambda p: forgetting(0.075) + exponential(p["signalperiod"]),
        "MASSI": _exponential("fastperiod", "fastperiod"),
        "MINUS_DI": _wilder(),
        "MINUS_DM": _wilder(),
        "NATR": _wilder(),
        "PLUS_DI": _wilder(),
        "PLUS_DM": _wilder(),
        "PPO": _side_by_side,
        "PVO": _side_by_side,
        "RMA": _wilder(),
        "RSI": _wilder(),
        "RVI": _wilder(),
        "SMI": _exponential("fastperiod", "slowperiod", "signalperiod"),
        "STOCH": _slow_stochastic,
        "STOCHF": lambda p: _average(p, "fastd_period", "fastd_matype"),
        "STOCHRSI": lambda p: wilder(p["timeperiod"]) + _average(p, "fastd_period", "fastd_matype"),
        "T3": _exponential(*["timeperiod"] * 6),
        "TEMA": _exponential("timeperiod", "timeperiod", "timeperiod"),
        "TRIX": _exponential("timeperiod", "timeperiod", "timeperiod"),
        "TSI": _exponential("firstperiod", "secondperiod"),
        "ZLEMA": _exponential("timeperiod"),
    }
)
"""Steps of every recursive function, by its parameters; a function that is not here has finite memory."""


def window(function: str, params: Mapping[str, Value], lookback: int) -> int:
    """The window W of `function` with `params`, whose first value takes `lookback` candles before it."""
    if function not in STEPS:
        return lookback + 1
    integers = {name: value for name, value in params.items() if isinstance(value, int)}
    if function == "EMA" and params["input"] in PRICES:
        return max(lookback + 1, forgetting(2 / (integers["timeperiod"] + 1), TOLERANCE) - 1)
    return lookback + max(1, STEPS[function](integers))
