"""Arithmetic on runs of open times: [first, last], both included, on one grid. Pure."""

from collections.abc import Iterable

from cryptostream.core.market.interval import Interval, Millis

Run = tuple[Millis, Millis]
"""First and last open time of a run of candles, both included."""


def without(interval: Interval, run: Run, cuts: Iterable[Run]) -> Iterable[Run]:
    """The parts of `run` that none of `cuts` covers; `cuts` ascend."""
    first, last = run
    for start, end in cuts:
        if end < first or start > last:
            continue
        if start > first:
            yield first, interval.shift(start, -1)
        first = interval.next(end)
    if first <= last:
        yield first, last


def within(run: Run, ranges: Iterable[Run]) -> Iterable[Run]:
    """The parts of `run` that lie in `ranges`."""
    for first, last in ranges:
        start, end = max(run[0], first), min(run[1], last)
        if start <= end:
            yield start, end


def union(interval: Interval, runs: Iterable[Run]) -> tuple[Run, ...]:
    """The runs that cover what any of `runs` covers: ascending, and none next to another. Empty ones are left out."""
    joined: list[Run] = []
    for first, last in sorted(runs):
        if first > last:
            continue
        if joined and first <= interval.next(joined[-1][1]):
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def size(interval: Interval, run: Run) -> int:
    """How many candles a run has."""
    return interval.count(run[0], interval.next(run[1]))
