"""Where a series began at the last commit, after an end that may have cut its new beginning short. Pure.

A candle before all others changes the flags of the rows behind the one which was first until then. Read again after a
crash it is stored already, and which one was first before it is not known any more. It is among the first candles
stored, and has not more before it than there are records which can be read and not committed.
"""

from dataclasses import replace

from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.ports import StoreBatch
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_dirty import mark
from cryptostream.core.stream.consumer_reach import carried_by, last_changed, readers
from cryptostream.core.stream.consumer_stale import Stale
from cryptostream.core.stream.consumer_state import ConsumerState, Doubt, Load
from cryptostream.core.stream.windows import END

STRIDE = 16
"""Chunks of open times that are looked through at once: there may be long gaps between the first candles."""


def next_doubt(config: ConsumerConfig, state: ConsumerState) -> Load | None:
    """What is to be read to settle a doubt, or a piece of it."""
    for series, memory in state.series.items():
        if memory.doubt is not None:
            start = memory.doubt.start
            return Load(series, start, INTERVALS[series.interval].shift(start, STRIDE * config.chunk - 1))
    return None


def settled(
    config: ConsumerConfig, state: ConsumerState, load: Load, rows: CandleTable
) -> tuple[ConsumerState, StoreBatch]:
    """The state in which the rows behind each candle of `rows` are dirty; the doubt goes on behind them, or ends."""
    memory = state.series[load.series]
    left = (memory.doubt or Doubt(load.start, 0)).left - len(rows)
    at_end = load.end >= (memory.newest or 0)
    doubt = None if left <= 0 or at_end else Doubt(INTERVALS[load.series.interval].next(load.end), left)
    stale = _stale(config, load, rows, all_of_them=at_end and left > 0)
    memories = {**state.series, load.series: replace(memory, doubt=doubt)}
    changed, add, resolve = mark(config, memories, stale, {})
    return replace(state, series=changed), StoreBatch(add_dirty=add, resolve_dirty=resolve)


def _stale(config: ConsumerConfig, load: Load, rows: CandleTable, *, all_of_them: bool) -> Stale:
    """Own rows behind the candles, and all rows which carry this stretch; the whole series may be new to those."""
    if len(rows):
        yield load.series, (int(rows.open_time[0]), last_changed(config, load.series, int(rows.open_time[-1])))
    for reader in readers(config, load.series):
        start, end = carried_by(config, reader, load.series, (load.start, load.end))
        yield reader, (start, END if all_of_them else end)
