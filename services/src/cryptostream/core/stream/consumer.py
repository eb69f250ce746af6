"""The consumer's step: (state, batch) → (state, what to store, what to refuse). Pure.

It takes place in this order: `read` decodes a batch, `unknown` and `admit` make its series known, `needs` says
what must be read from the store, and `step` does the rest. `learn` takes in what else may become known. What
always holds: a stored enriched row is what `enrich` computes from all stored candles, or lies in a dirty range.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cryptostream.core.market.candle import EnrichedTable, ValidatedCandle
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import between
from cryptostream.core.ports import DeadLetter, StoreBatch
from cryptostream.core.stream.consumer_accept import Accepted, accept
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_dirty import held, mark
from cryptostream.core.stream.consumer_fate import fates
from cryptostream.core.stream.consumer_letters import placed
from cryptostream.core.stream.consumer_reach import enrich_run, own
from cryptostream.core.stream.consumer_rollup import marks
from cryptostream.core.stream.consumer_stale import Stale, through_beginning, through_candles, through_listing
from cryptostream.core.stream.consumer_state import (
    Arrival,
    Arrivals,
    ConsumerState,
    Counts,
    Doubt,
    Loaded,
    Outcome,
    SeriesMemory,
)
from cryptostream.core.stream.runs import Run, union
from cryptostream.core.stream.windows import Window, absorb, forget_before, stretches

Memories = Mapping[Series, SeriesMemory]
Windows = Mapping[Series, tuple[Window, ...]]
Runs = Mapping[Series, tuple[Run, ...]]


def step(
    config: ConsumerConfig, state: ConsumerState, arrivals: Arrivals, loaded: Loaded, now: Millis
) -> tuple[ConsumerState, Outcome]:
    """Judge a batch, enrich what is new, and name what late candles and revisions have made dirty.

    Parameters
    ----------
    loaded
        The answers to `needs(config, state, arrivals)`.
    now
        Exchange time, in ms.
    """
    windows, accepted = _judge(config, state, arrivals, loaded, now)
    runs = {series: _runs(config, series, taken) for series, taken in accepted.items()}
    memories = {**state.series, **{s: _after(config, state.series[s], taken) for s, taken in accepted.items()}}
    enriched = runs if config.indicators else {}
    tables = tuple(enrich_run(config, memories, windows, s, run) for s, each in enriched.items() for run in each)
    stale = tuple(_stale(config, state.series, memories, windows, enriched))
    fresh = [table for table in tables if _is_fresh(table, accepted[table.series], stale)]
    memories, add, resolve = mark(config, memories, stale, runs)
    memories = _marked(config, memories, runs)
    for series, items in arrivals.by_series.items():
        memories[series] = replace(memories[series], windows=_kept(config, memories[series], windows[series], items))
    batch = StoreBatch(
        raw=tuple(candle for taken in accepted.values() for candle in _written(config, taken)),
        enriched=tuple(fresh),
        replaced=tuple(table for table in tables if table not in fresh),
        gaps=arrivals.gaps,
        add_dirty=add,
        resolve_dirty=resolve,
    )
    outcome = Outcome(
        batch=batch,
        dead_letters=(*arrivals.refused, *(each for taken in accepted.values() for each in taken.letters)),
        counts={series: taken.counts for series, taken in accepted.items()},
        live={series: taken.live for series, taken in accepted.items() if taken.live},
        places=fates(arrivals, accepted),
        stale=stale,
    )
    partitions = {**state.partitions, **{s.symbol: items[0].log.partition for s, items in arrivals.by_series.items()}}
    return refuse(config, replace(state, series=memories, partitions=partitions), arrivals.refused), outcome


def refuse(config: ConsumerConfig, state: ConsumerState, letters: Sequence[DeadLetter]) -> ConsumerState:
    """Count dead letters that were refused before or after the step itself."""
    if not letters:
        return state
    memories, unplaced = dict(state.series), state.unplaced
    for each in letters:
        series = placed(config, each)
        if series is None:
            unplaced += 1
        else:
            memories[series] = replace(memories[series], counts=memories[series].counts + Counts(dead_lettered=1))
    return replace(state, series=memories, unplaced=unplaced)


def learn(
    config: ConsumerConfig, state: ConsumerState, listings: Mapping[Series, Millis]
) -> tuple[ConsumerState, StoreBatch]:
    """Take in the first open times that the exchange has, by series: the first rows behind them are dirty.

    After a restart everything is learnt again, because rows may have been written just before.
    """
    news = {s: at for s, at in listings.items() if s in state.series and state.series[s].listing != at}
    if not news:
        return state, StoreBatch()
    memories = {**state.series, **{s: replace(state.series[s], listing=at) for s, at in news.items()}}
    told = [(s, at) for s, new in news.items() for at in (state.series[s].listing, new) if at is not None]
    stale = [each for series, at in told for each in through_listing(config, series, at)]
    memories, add, resolve = mark(config, memories, stale, {})
    return replace(state, series=memories), StoreBatch(add_dirty=add, resolve_dirty=resolve)


def _judge(
    config: ConsumerConfig, state: ConsumerState, arrivals: Arrivals, loaded: Loaded, now: Millis
) -> tuple[Windows, dict[Series, Accepted]]:
    """What is accepted of each series, and the windows with it."""
    windows = held(config, state, arrivals.by_series, loaded)
    accepted = {
        series: accept(config.rules, state.series[series].listing, windows[series], items, now)
        for series, items in arrivals.by_series.items()
    }
    for series, taken in accepted.items():
        windows[series] = tuple(absorb(window, taken.rows) for window in windows[series])
    return windows, accepted


def _runs(config: ConsumerConfig, series: Series, taken: Accepted) -> tuple[Run, ...]:
    """The rows to be computed: those of new candles, and those whose first computation may have been cut short."""
    opens = taken.rows.open_time.tolist()
    if taken.again and not config.atomic:
        opens = sorted({*opens, *taken.again})
    return stretches(INTERVALS[series.interval], opens, config.apart)


def _written(config: ConsumerConfig, taken: Accepted) -> Iterable[ValidatedCandle]:
    """New candles, and those that a store may only seem to have: it can show what it has not logged.

    InfluxDB does so where its log failed, and where nobody waited for the answer any more; the records are then still
    to be committed, and come again.
    """
    return taken.candles if config.atomic else (*taken.repeated, *taken.candles)


def _is_fresh(table: EnrichedTable, taken: Accepted, stale: Iterable[tuple[Series, Run]]) -> bool:
    """Whether none of these rows can be in the store yet with a value that is undefined now.

    A row is not written before its candle, and candles that came later in this batch have not changed it.
    """
    first, last = int(table.open_time[0]), int(table.open_time[-1])
    rows = between(taken.rows, first, last + 1)
    changed = (run for series, run in stale if series == table.series)
    return (
        taken.in_order
        and len(rows) == len(table)
        and not rows.revision.any()
        and all(end < first or start > last for start, end in changed)
    )


def _after(config: ConsumerConfig, memory: SeriesMemory, taken: Accepted) -> SeriesMemory:
    """The memory with the beginning, end and counts of what is accepted.

    If the first candle of all comes again, its coming first may be what was cut short. Then the candle that was
    the first before it is among as many as there may be records not committed.
    """
    first_again = not config.atomic and memory.first_open is not None and memory.first_open in taken.again
    doubt = Doubt(memory.first_open or 0, 2 * config.held) if first_again else memory.doubt
    memory = replace(memory, counts=memory.counts + taken.counts, doubt=doubt)
    if not taken.candles:
        return memory
    first, last = taken.candles[0].record.open_time, taken.candles[-1].record.open_time
    return replace(
        memory,
        first_open=first if memory.first_open is None else min(first, memory.first_open),
        newest=last if memory.newest is None else max(last, memory.newest),
    )


def _stale(config: ConsumerConfig, before: Memories, after: Memories, windows: Windows, runs: Runs) -> Stale:
    for series, each in runs.items():
        for run in each:
            yield from through_candles(config, series, run, windows[series])
        former, first = before[series].first_open, after[series].first_open
        if first is not None and first != former:
            yield from through_beginning(config, series, former, first)


def _marked(config: ConsumerConfig, memories: Memories, runs: Runs) -> dict[Series, SeriesMemory]:
    """Memories in which the roll-ups to be checked are noted."""
    changed = dict(memories)
    for series, each in runs.items():
        for run in each:
            for whole, marked in marks(config, series, run, memories[series].newest or run[1]).items():
                unchecked = union(INTERVALS[whole.interval], (*changed[whole].unchecked, marked))
                changed[whole] = replace(changed[whole], unchecked=unchecked)
    return changed


def _kept(
    config: ConsumerConfig, memory: SeriesMemory, windows: Sequence[Window], arrivals: Sequence[Arrival]
) -> tuple[Window, ...]:
    """The last window, and the one where candles came last before it, without what is no longer needed."""
    series, head = config.series[arrivals[0].record.symbol, arrivals[0].record.interval], windows[-1]
    kept = [] if memory.newest is None else [_narrowed(config, series, head, memory.newest)]
    earlier = (each.record.open_time for each in reversed(arrivals) if each.record.open_time < head.low)
    at = next(earlier, None) if len(windows) > 1 else None
    for window in windows[:-1]:
        if at is not None and window.low <= at <= window.high:
            kept.insert(0, _narrowed(config, series, window, at))
    return tuple(kept) or (head,)


def _narrowed(config: ConsumerConfig, series: Series, window: Window, at: Millis) -> Window:
    interval = INTERVALS[series.interval]
    start, _ = own(config, series, (interval.shift(interval.floor(at), -config.slack), at))
    return forget_before(window, start, slack=config.slack)
