"""The cross-timeframe check: a longer candle must be the sum of its parts. Behind live writes. Pure.

What is stored marks the longer candles that it may have completed, and a check adds up those of them which
have all their parts. A part that comes later marks its candle again, so that nothing has to be waited for.
"""

from dataclasses import replace
from itertools import groupby

import msgspec

from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.rollup import rollup_differences
from cryptostream.core.market.series import Series
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_reach import wholes
from cryptostream.core.stream.consumer_state import ConsumerState, Counts, Load, Loaded, Mismatch
from cryptostream.core.stream.runs import Run, without

KEPT = 100
"""Mismatches that are remembered for the status; all are counted."""


class Check(msgspec.Struct, frozen=True):
    """Longer candles to be added up, and the rows to be read for it."""

    run: Run
    wholes: Load
    parts: Load


def marks(config: ConsumerConfig, series: Series, run: Run, newest: Millis) -> dict[Series, Run]:
    """The longer candles that stored candles in `run` may have completed.

    The candle around the newest part is still in the making, unless that is its last one.
    """
    marked = {series: run} if series.interval in config.parts else {}
    after = INTERVALS[series.interval].next(run[1])
    for name in wholes(config, series.interval):
        whole = INTERVALS[name]
        first, last = whole.floor(run[0]), whole.floor(run[1])
        if run[1] == newest and after < whole.next(last):
            last = whole.shift(last, -1)
        if first <= last:
            marked[config.series[series.symbol, name]] = (first, last)
    return marked


def next_check(config: ConsumerConfig, state: ConsumerState) -> Check | None:
    """The next candles to be added up, as many as have about `chunk` parts."""
    for series, memory in state.series.items():
        if not memory.unchecked:
            continue
        part = config.parts[series.interval]
        interval = INTERVALS[series.interval]
        first, last = memory.unchecked[0]
        most = max(1, config.chunk * INTERVALS[part].step // interval.step)
        last = min(last, interval.shift(first, most - 1))
        parts = Load(config.series[series.symbol, part], first, interval.next(last) - 1)
        return Check((first, last), Load(series, first, last), parts)
    return None


def checked(state: ConsumerState, check: Check, loaded: Loaded) -> tuple[ConsumerState, tuple[Mismatch, ...]]:
    """What differs, remembered and counted; what no longer does is forgotten."""
    series, memory = check.wholes.series, state.series[check.wholes.series]
    found = _mismatches(check, loaded)
    others = tuple(m for m in state.mismatches if m.series != series or not check.run[0] <= m.open_time <= check.run[1])
    rest = tuple(part for run in memory.unchecked for part in without(INTERVALS[series.interval], run, (check.run,)))
    counts = memory.counts + Counts(mismatches=len(found))
    series_after = {**state.series, series: replace(memory, unchecked=rest, counts=counts)}
    return replace(state, series=series_after, mismatches=(*others, *found)[-KEPT:]), found


def _mismatches(check: Check, loaded: Loaded) -> tuple[Mismatch, ...]:
    series, part = check.wholes.series, check.parts.series
    differences = rollup_differences(
        loaded[check.parts], INTERVALS[part.interval], loaded[check.wholes], INTERVALS[series.interval]
    )
    by_candle = groupby(differences, key=lambda difference: difference.open_time)
    return tuple(Mismatch(series, open_time, "; ".join(map(str, each))) for open_time, each in by_candle)
