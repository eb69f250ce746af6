"""Indicators by bare calls of TA-Lib: over the whole series, and over the window which each row is promised. Pure."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import talib

from tests.judge.columns import Bools, Columns, Floats
from tests.judge.stream import Declared

Outputs = Mapping[str, Floats]
"""By the ending of the field: "" for a single output, else `_upper` and the like."""
FADED = 10


def _single(function: str) -> Callable[[Mapping[str, Floats], Mapping[str, Any]], Outputs]:
    def call(values: Mapping[str, Floats], params: Mapping[str, Any]) -> Outputs:
        column = values[params.get("input", "close")]
        return {"": getattr(talib, function)(column, timeperiod=params["timeperiod"])}

    return call


def _bbands(values: Mapping[str, Floats], params: Mapping[str, Any]) -> Outputs:
    up, down = (float(params.get(name, 2)) for name in ("nbdevup", "nbdevdn"))
    found = talib.BBANDS(values["close"], timeperiod=params["timeperiod"], nbdevup=up, nbdevdn=down)
    return dict(zip(("_upper", "_middle", "_lower"), found, strict=True))


def _macd(values: Mapping[str, Floats], params: Mapping[str, Any]) -> Outputs:
    periods = {name: params[name] for name in ("fastperiod", "slowperiod", "signalperiod")}
    return dict(zip(("_macd", "_signal", "_hist"), talib.MACD(values["close"], **periods), strict=True))


def _atr(values: Mapping[str, Floats], params: Mapping[str, Any]) -> Outputs:
    return {"": talib.ATR(values["high"], values["low"], values["close"], timeperiod=params["timeperiod"])}


FUNCTIONS: Mapping[str, Callable[[Mapping[str, Floats], Mapping[str, Any]], Outputs]] = {
    "SMA": _single("SMA"),
    "EMA": _single("EMA"),
    "RSI": _single("RSI"),
    "BBANDS": _bbands,
    "MACD": _macd,
    "ATR": _atr,
}


def whole(declared: Declared, columns: Columns) -> dict[str, Floats]:
    """Field → one call over the whole series, shape (n,)."""
    return _call(declared, columns, 0, len(columns))


def windowed(declared: Declared, columns: Columns) -> dict[str, Floats]:
    """Field → for each row the value of one call over the candles of its window [anchor - W, row], shape (n,)."""
    found: dict[str, Floats] = {}
    anchors = columns.index // declared.window * declared.window
    seams = [0, *(np.flatnonzero(np.diff(anchors)) + 1).tolist(), len(columns)]
    for start, end in pairwise(seams):
        if start == end:
            continue
        begin = int(columns.index.searchsorted(anchors[start] - declared.window))
        for name, values in _call(declared, columns, begin, end).items():
            found.setdefault(name, np.full(len(columns), np.nan))[start:end] = values[start - begin :]
    return found


def _call(declared: Declared, columns: Columns, begin: int, end: int) -> dict[str, Floats]:
    part = {name: values[begin:end] for name, values in columns.values.items()}
    return {f"{declared.name}{ending}": v for ending, v in FUNCTIONS[declared.function](part, declared.params).items()}


def flat(declared: Declared, columns: Columns) -> Bools:
    """The documented exception: rows of RSI before which the price has come to a rest.

    By then its averages have faded to less than a tenth of what they were where the window begins; what the window
    forgets of that, which is 1e-10, is more than 1e-9 of them.
    """
    if declared.function != "RSI" or len(columns) < 2:
        return np.zeros(len(columns), bool)
    period, column = int(declared.params["timeperiod"]), columns.values[str(declared.params.get("input", "close"))]
    moves = np.abs(np.diff(column, prepend=column[0]))
    average = talib.EMA(moves, timeperiod=2 * period - 1)  # alpha is 1 / period, as Wilder's
    seed = talib.SMA(moves, timeperiod=period)
    low = columns.index // declared.window * declared.window - declared.window
    begin = columns.index.searchsorted(low)
    first = np.minimum(begin + period, len(columns) - 1)
    before = np.fmax(np.nan_to_num(average[begin]), np.nan_to_num(seed[first]))
    return np.asarray(before > FADED * np.nan_to_num(average))


def flags(declared: tuple[Declared, ...], columns: Columns) -> tuple[Bools, Bools]:
    """For each row whether it is warm for all indicators, and whether a window of one has a gap."""
    warm, gap = np.ones(len(columns), bool), np.zeros(len(columns), bool)
    for each in declared:
        low = columns.index // each.window * each.window - each.window
        count = np.arange(1, len(columns) + 1) - columns.index.searchsorted(low)
        warm &= count >= each.window
        gap |= count < columns.index + 1 - np.maximum(low, columns.first)
    return warm, gap
