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
    """The documented exception: rows of RSI in whose window the price moves in fewer than one candle in ten.

    Both averages fade there, and their quotient keeps what lies long before the window.
    """
    if declared.function != "RSI":
        return np.zeros(len(columns), bool)
    column = columns.values[str(declared.params.get("input", "close"))]
    moves = np.concatenate(([0], np.cumsum(np.diff(column) != 0)))
    low = columns.index // declared.window * declared.window - declared.window
    begin = columns.index.searchsorted(low)
    candles = np.arange(1, len(columns) + 1) - begin
    return np.asarray(10 * (moves - moves[begin]) < candles)


def flags(declared: tuple[Declared, ...], columns: Columns) -> tuple[Bools, Bools]:
    """For each row whether it is warm for all indicators, and whether a window of one has a gap."""
    warm, gap = np.ones(len(columns), bool), np.zeros(len(columns), bool)
    for each in declared:
        low = columns.index // each.window * each.window - each.window
        count = np.arange(1, len(columns) + 1) - columns.index.searchsorted(low)
        warm &= count >= each.window
        gap |= count < columns.index + 1 - np.maximum(low, columns.first)
    return warm, gap
