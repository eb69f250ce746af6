"""How long it takes until all flows again after a fault. Pure.

A fault's recovery begins when it ends, or when the last other one ends that blocks the same way and overlaps it. It
ends with the first record published, or once of each series that was fed right then the first candle is in the store.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.judge.stream import Series

Way = Literal["publish", "store"]
FED = 5.0
"""Seconds: a series of which nothing comes for so long tells nothing about who stores it."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that has struck, its times in seconds since the epoch, and which ways it blocked."""

    name: str
    round: int
    start: float
    end: float
    blocks: frozenset[Way]


def freed_at(fault: Struck, way: Way, others: Iterable[Struck]) -> float:
    """When nothing of the same time blocked `way` any more."""
    free = fault.end
    for other in sorted(others, key=lambda each: each.start):
        if way in other.blocks and other.start <= free:
            free = max(free, other.end)
    return free


def publishing(free: float, published: Sequence[float]) -> float | None:
    """Seconds until the next record; `published` are the ascending times of publication."""
    at = bisect_left(published, free)
    return published[at] - free if at < len(published) else None


def storing(
    free: float,
    fed: Mapping[Series, Sequence[tuple[float, int]]],
    stored: Sequence[tuple[float, Mapping[Series, int]]],
) -> float | None:
    """Seconds until of every series that was fed the first candle is stored, from when it was published at the latest.

    Parameters
    ----------
    fed
        Times of publication (s), ascending, each with its candle's open time (ms).
    stored
        Looks at the newest open time of each series in the raw bucket, ascending.
    """
    first = {
        series: candles[at] for series, candles in fed.items() if (at := bisect_left(candles, (free, 0))) < len(candles)
    }
    waiting = {series: due for series, due in first.items() if due[0] < free + FED}
    longest = 0.0
    for time, newest in stored[bisect_left(stored, free, key=lambda look: look[0]) :]:
        for series, (published, open_time) in tuple(waiting.items()):
            if newest.get(series, -1) >= open_time:
                longest = max(longest, time - max(free, published))
                del waiting[series]
        if not waiting:
            return longest
    return None


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below `share` of all."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]
