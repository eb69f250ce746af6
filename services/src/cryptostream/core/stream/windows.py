"""Windows: what the consumer knows of the stored rows, with the claim that nothing is left out. Pure.

A window holds *all* stored rows of a series with open time in [low, high]. What lies inside needs no
look into the store; what a window does not cover is loaded and joined to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.interval import Interval, Millis
from cryptostream.core.market.table import COLUMNS, between, empty_table, merge
from cryptostream.core.stream.runs import Run

BEGINNING: Final = -(2**62)
"""Earlier than any open time."""
END: Final = 2**62
"""Later than any open time."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """All stored rows of one series with open time in [low, high]."""

    low: Millis
    high: Millis
    rows: CandleTable


def nothing_after(newest: Millis | None) -> Window:
    """The claim that no row is stored after `newest`, or none at all."""
    return Window(BEGINNING if newest is None else newest + 1, END, empty_table())


def covers(window: Window, run: Run) -> bool:
    """Whether the window knows all rows of `run`."""
    return window.low <= run[0] and run[1] <= window.high


def find(windows: Iterable[Window], run: Run) -> CandleTable:
    """All stored rows in `run`; a LookupError means that it was not asked for before the step."""
    for window in windows:
        if covers(window, run):
            return between(window.rows, run[0], run[1] + 1)
    raise LookupError(f"no window covers the open times {run[0]} to {run[1]}")


def absorb(window: Window, rows: CandleTable) -> Window:
    """Add newly stored `rows` as far as they lie in the claim; they replace rows of the same open time."""
    inside = between(rows, window.low, window.high + 1)
    return replace(window, rows=_join_rows(window.rows, inside)) if len(inside) else window


def joined(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The same knowledge in as few windows as possible, ascending and apart from one another."""
    done: list[Window] = []
    for window in sorted(windows, key=lambda each: each.low):
        if done and window.low <= done[-1].high + 1:
            last = done.pop()
            done.append(Window(last.low, max(last.high, window.high), _join_rows(last.rows, window.rows)))
        else:
            done.append(window)
    return tuple(done)


def forget_before(window: Window, low: Millis, *, slack: int) -> Window:
    """Narrow the claim to [low, high], but only once more than `slack` rows are there to be forgotten."""
    surplus = int(np.searchsorted(window.rows.open_time, low))
    if surplus <= slack:
        return window
    kept = CandleTable(**{name: getattr(window.rows, name)[surplus:].copy() for name in COLUMNS})
    return Window(low, window.high, kept)


def stretches(interval: Interval, opens: Sequence[Millis], apart: int) -> tuple[Run, ...]:
    """Stretches of ascending `opens` in which no two neighbours lie more than `apart` candles from one another."""
    if not opens:
        return ()
    indices = interval.indices(np.array(opens, dtype=np.int64))
    breaks = (np.flatnonzero(np.diff(indices) > apart) + 1).tolist()
    return tuple((opens[start], opens[end - 1]) for start, end in zip([0, *breaks], [*breaks, len(opens)], strict=True))


def _join_rows(older: CandleTable, newer: CandleTable) -> CandleTable:
    """`merge`, without sorting where `newer` simply goes on."""
    if not len(older) or not len(newer) or newer.open_time[0] <= older.open_time[-1]:
        return merge(older, newer)
    return CandleTable(**{name: np.concatenate((getattr(older, name), getattr(newer, name))) for name in COLUMNS})
