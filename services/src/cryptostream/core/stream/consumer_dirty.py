"""Recomputation behind live writes: enriched rows that older candles, or revisions, have changed. Pure.

An atomic store keeps the dirty ranges, written together with the candles that made them dirty, so that they survive
any end of the process. What is recomputed is written together with what becomes clean. Elsewhere they are in memory
alone, and the records that made them are not committed before all is clean: read again, they make them again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DirtyRange, StoreBatch
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_reach import enrich_run, own, reads
from cryptostream.core.stream.consumer_read import loads
from cryptostream.core.stream.consumer_state import (
    ConsumerState,
    Load,
    Loaded,
    SeriesMemory,
    dirty_changes,
)
from cryptostream.core.stream.runs import Run, size, union, without
from cryptostream.core.stream.windows import Window, joined


class Chunk(msgspec.Struct, frozen=True):
    """Rows of a series to be computed again, and what has to be read for it."""

    series: Series
    run: Run
    loads: tuple[Load, ...]


def clipped(memory: SeriesMemory, runs: Iterable[Run]) -> Iterable[Run]:
    """The parts of `runs` in which candles may be stored."""
    if memory.first_open is None or memory.newest is None:
        return
    for start, end in runs:
        if start <= memory.newest and end >= memory.first_open:
            yield max(start, memory.first_open), min(end, memory.newest)


def dirtied(series: Series, memory: SeriesMemory, stale: Iterable[Run], fresh: Iterable[Run]) -> tuple[Run, ...]:
    """The dirty ranges of a series after `stale` rows have been added and `fresh` ones were just computed."""
    interval = INTERVALS[series.interval]
    all_dirty = union(interval, (*memory.dirty, *clipped(memory, stale)))
    cuts = union(interval, fresh)
    return tuple(part for run in all_dirty for part in without(interval, run, cuts))


def mark(
    config: ConsumerConfig,
    memories: Mapping[Series, SeriesMemory],
    stale: Iterable[tuple[Series, Run]],
    fresh: Mapping[Series, Iterable[Run]],
) -> tuple[dict[Series, SeriesMemory], tuple[DirtyRange, ...], tuple[DirtyRange, ...]]:
    """Memories with their new dirty ranges, and the ranges to be added to and resolved in the store.

    A stream without indicators has no rows, and none of them stale.
    """
    by_series: dict[Series, list[Run]] = {series: [] for series in fresh}
    for series, run in stale if config.indicators else ():
        by_series.setdefault(series, []).append(run)
    changed = dict(memories)
    add: list[DirtyRange] = []
    resolve: list[DirtyRange] = []
    for series, runs in by_series.items():
        memory = memories[series]
        dirty = dirtied(series, memory, runs, fresh.get(series, ()))
        changed[series] = replace(memory, dirty=dirty)
        added, resolved = dirty_changes(series, memory.dirty, dirty)
        add += added
        resolve += resolved
    return changed, tuple(add), tuple(resolve)


def backlog(state: ConsumerState) -> dict[Series, int]:
    """How many rows (at most) of each series are to be computed again; only series that have any."""
    return {
        series: sum(size(INTERVALS[series.interval], run) for run in memory.dirty)
        for series, memory in state.series.items()
        if memory.dirty
    }


def next_chunk(config: ConsumerConfig, state: ConsumerState) -> Chunk | None:
    """The next rows to be computed again, at most `chunk` of them."""
    for series, memory in state.series.items():
        if not memory.dirty:
            continue
        interval = INTERVALS[series.interval]
        start, end = memory.dirty[0]
        run = start, min(end, interval.shift(start, config.chunk - 1))
        spans = {series: own(config, series, run), **reads(config, series, run)}
        wanted = (load for each, span in spans.items() for load in _lacking(state, each, span))
        return Chunk(series, run, tuple(wanted))
    return None


def _lacking(state: ConsumerState, series: Series, span: Run) -> Iterable[Load]:
    return loads(series, state.series[series].windows, (span,), ahead=0)


def recompute(
    config: ConsumerConfig, state: ConsumerState, chunk: Chunk, loaded: Loaded
) -> tuple[ConsumerState, StoreBatch]:
    """Compute the rows of `chunk` from stored candles; the batch writes them and marks them clean."""
    series, memory = chunk.series, state.series[chunk.series]
    windows = held(config, state, (series,), loaded)
    table = enrich_run(config, state.series, windows, series, chunk.run)
    after = tuple(part for run in memory.dirty for part in without(INTERVALS[series.interval], run, (chunk.run,)))
    add, resolve = dirty_changes(series, memory.dirty, after)
    batch = StoreBatch(replaced=(table,) if len(table) else (), add_dirty=add, resolve_dirty=resolve)
    return replace(state, series={**state.series, series: replace(memory, dirty=after)}), batch


def held(
    config: ConsumerConfig, state: ConsumerState, series: Iterable[Series], loaded: Loaded
) -> dict[Series, tuple[Window, ...]]:
    """The windows of each of `series` and of those its rows carry values of, joined to what was loaded."""
    names = {(each.symbol, name) for each in series for name in (each.interval, *config.carried[each.interval])}
    windows = {config.series[name]: list(state.series[config.series[name]].windows) for name in names}
    for load, rows in loaded.items():
        windows[load.series].append(Window(load.start, load.end, rows))
    return {each: joined(known) for each, known in windows.items()}
