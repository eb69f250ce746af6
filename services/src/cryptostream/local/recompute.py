"""Computes the enriched rows of all stored candles anew, piece by piece: a changed indicator list for the past.

All of it is marked dirty in the store first. So nothing is lost if it is interrupted, at any moment: the next
`recompute` goes on, and a run would do the rest behind its live writes.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import CandleStore, StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result, bind, map_ok
from cryptostream.core.stream.consumer import learn
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_dirty import backlog, next_chunk, recompute
from cryptostream.core.stream.consumer_read import admit
from cryptostream.core.stream.consumer_state import ConsumerState, Load, dirty_changes

Tell = Callable[[int, int], None]
"""Called with the number of open times done, and of those in all; not every one has a candle."""


def mark_all(store: CandleStore, config: ConsumerConfig) -> Result[None, StoreError]:
    """Mark every stored row of every series of `config` as to be computed again."""
    state = _state(store, config)
    if isinstance(state, Err):
        return state
    changes = [
        dirty_changes(series, memory.dirty, ((memory.first_open, memory.newest),))
        for series, memory in state.value.series.items()
        if memory.first_open is not None and memory.newest is not None
    ]
    add, resolve = (tuple(each for change in changes for each in change[side]) for side in (0, 1))
    return store.write(StoreBatch(add_dirty=add, resolve_dirty=resolve))


def recompute_marked(
    store: CandleStore, config: ConsumerConfig, listings: Mapping[Series, Millis], tell: Tell
) -> Result[int, StoreError]:
    """Compute what is marked; returns how many rows were written."""
    begun = bind(_state(store, config), lambda state: _learn(store, config, state, listings))
    if isinstance(begun, Err):
        return begun
    state = begun.value
    total, rows = sum(backlog(state).values()), 0
    tell(0, total)
    while (chunk := next_chunk(config, state)) is not None:
        loaded = _load(store, chunk.loads)
        if isinstance(loaded, Err):
            return loaded
        state, batch = recompute(config, state, chunk, loaded.value)
        written = store.write(batch)
        if isinstance(written, Err):
            return written
        rows += sum(len(table) for table in batch.replaced)
        tell(total - sum(backlog(state).values()), total)
    return Ok(rows)


def _state(store: CandleStore, config: ConsumerConfig) -> Result[ConsumerState, StoreError]:
    """What the store has of every series."""
    found: dict[Series, tuple[Millis, Millis] | None] = {}
    for series in config.series.values():
        bounds = store.bounds(series)
        if isinstance(bounds, Err):
            return bounds
        found[series] = bounds.value
    return map_ok(store.dirty(), partial(admit, ConsumerState(), found))


def _learn(
    store: CandleStore, config: ConsumerConfig, state: ConsumerState, listings: Mapping[Series, Millis]
) -> Result[ConsumerState, StoreError]:
    state, batch = learn(config, state, listings)
    return map_ok(store.write(batch), lambda _: state)


def _load(store: CandleStore, loads: Iterable[Load]) -> Result[dict[Load, CandleTable], StoreError]:
    rows: dict[Load, CandleTable] = {}
    for each in loads:
        table = store.raw(each.series, each.start, each.end + 1)
        if isinstance(table, Err):
            return table
        rows[each] = table.value
    return Ok(rows)
