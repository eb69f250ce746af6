"""The rule of the window, for one indicator and one series. Pure.

An indicator with window W has, at grid index i, the value of one call over the stored candles with
index in [anchor - W, i], where anchor = ⌊i ÷ W⌋ · W; absent candles are skipped. The call for the last
index of a block (rows of one anchor) holds those of all others, and a value depends only on
what lies before it in the call, so one call serves a block: values are bit-identical however many
rows are computed together, and whatever was computed before.

A value is *warm* when at least W candles of [anchor - W, i] are stored, or when the call begins at or
before the listing and the series is stored from its listing on. It has a *gap in its window* when a
slot of [anchor - W, i] from the first stored candle on is absent. A candle that lacks a column which the
indicator reads (its source did not state it) is absent for this indicator.
"""

from dataclasses import dataclass
from functools import reduce
from math import isfinite, nan
from typing import Final

import numpy as np

from cryptostream.core.indicators.catalogue import Indicator
from cryptostream.core.market.candle import Bools, CandleTable, Floats, Ints
from cryptostream.core.market.interval import Interval, Millis

OPTIONAL: Final = frozenset({"quote_volume", "taker_buy_volume", "taker_buy_quote_volume"})
"""Columns in which a source may leave values out."""
NEVER: Final = 1 << 60
"""An index after all others."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Stored candles of one series beside their grid indices (length n), and where the series begins.

    `first` is the index of the first candle ever stored, which may lie before the table, or `NEVER`.
    `complete` is the index of the listing if the series is stored from there on, else `-NEVER`.
    """

    table: CandleTable
    index: Ints
    first: int
    complete: int


def track(table: CandleTable, interval: Interval, first_open: Millis | None, listing: Millis | None) -> Track:
    """The track of a series of `interval`; without `first_open` it begins with the table."""
    index = interval.indices(table.open_time)
    first = int(index[0]) if len(index) else NEVER
    first = first if first_open is None else interval.index(first_open)
    listed = -NEVER if listing is None else interval.index(listing)
    return Track(table, index, first, listed if first <= listed else -NEVER)


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Per output a column, and the flags, of length m: one row per index wanted."""

    columns: tuple[Floats, ...]
    warm: Bools
    gap: Bools


def evaluate(indicator: Indicator, track: Track, wanted: Ints) -> Evaluation:
    """`indicator` at the grid indices `wanted`, shape (m,), ascending, repeats allowed."""
    index, inputs = _readable(indicator, track)
    if len(wanted) == 1:
        return _evaluate_one(indicator, track, index, inputs, int(wanted[0]))
    low = wanted // indicator.window * indicator.window - indicator.window
    after = index.searchsorted(wanted, side="right")
    present = np.append(index, -NEVER)[after - 1] == wanted
    count = after - index.searchsorted(low)
    columns = [np.full(len(wanted), nan) for _ in indicator.fields]
    if present.any():
        for column, values in zip(columns, _blocks(indicator, index, inputs, after[present] - 1), strict=True):
            column[present] = values
    return Evaluation(
        columns=tuple(columns),
        warm=present & ((count >= indicator.window) | (low <= track.complete)),
        gap=count < wanted + 1 - np.maximum(low, track.first),
    )


def _evaluate_one(indicator: Indicator, track: Track, index: Ints, inputs: list[Floats], wanted: int) -> Evaluation:
    """The same for one index, as live candles come: plain numbers instead of columns, four times as fast."""
    low = (wanted // indicator.window - 1) * indicator.window
    begin, after = index.searchsorted((low, wanted + 1)).tolist()
    present = after > begin and index[after - 1] == wanted
    columns = indicator.kernel([column[begin:after] for column in inputs], 1) if present else ()
    values = [float(column[0]) for column in columns] or [nan] * len(indicator.fields)
    return Evaluation(
        columns=tuple(np.array([value if isfinite(value) else nan]) for value in values),
        warm=np.array([present and (after - begin >= indicator.window or low <= track.complete)]),
        gap=np.array([after - begin < wanted + 1 - max(low, track.first)]),
    )


def _readable(indicator: Indicator, track: Track) -> tuple[Ints, list[Floats]]:
    """Indices and input columns of the candles that have all of the inputs."""
    inputs: list[Floats] = [getattr(track.table, name) for name in indicator.columns]
    if OPTIONAL.isdisjoint(indicator.columns):
        return track.index, inputs
    stated = ~reduce(np.logical_or, map(np.isnan, inputs))
    return track.index[stated], [column[stated] for column in inputs]


def _blocks(indicator: Indicator, index: Ints, inputs: list[Floats], rows: Ints) -> list[Floats]:
    """Per output its values at `rows`, ascending places in `index`, by one call per block."""
    first, end = int(rows[0]), int(rows[-1]) + 1
    columns = [np.empty(end - first) for _ in indicator.fields]
    lows = _lows(index[first:end], indicator.window)
    seams = [0, *(np.flatnonzero(np.diff(lows)) + 1).tolist(), end - first]
    begins = index.searchsorted(lows[seams[:-1]]).tolist()
    for begin, start, stop in zip(begins, seams[:-1], seams[1:], strict=True):
        values = indicator.kernel([column[begin : first + stop] for column in inputs], stop - start)
        for column, value in zip(columns, values, strict=True):
            column[start:stop] = value
    return [np.where(np.isfinite(column), column, nan)[rows - first] for column in columns]


def _lows(rows: Ints, window: int) -> Ints:
    """First index read for each of `rows`; a window of one candle remembers nothing, so that one call serves all."""
    return rows // window * window - window if window > 1 else np.full(len(rows), rows[0])
