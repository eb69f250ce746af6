"""What a stream costs of the limits that the exchange sets per address. Pure arithmetic.

Source: Binance's limits as of 2026 (6000 weight a minute, 2 for a call of at most 1000 candles, 1024 streams a
connection). Of the weight, 80 % may be used, and history stops at 60 %.
"""

from math import ceil
from typing import Final

import msgspec

from cryptostream.core.market.interval import INTERVALS, SECOND, Millis
from cryptostream.core.resource.history import history_start, poll_seconds
from cryptostream.core.resource.spec import StreamSpec

CALL_WEIGHT: Final = 2
CANDLES_PER_CALL: Final = 1000
WEIGHT_SHARE: Final = 4800
"""Weight a minute that all of a stream may use."""
HISTORY_SHARE: Final = 3600
"""Weight a minute at which history stops."""
STREAMS_PER_CONNECTION: Final = 1024
MOST_CONNECTIONS: Final = 10


class HistoryCost(msgspec.Struct, frozen=True):
    """What fetching the history of all series costs; `minutes` is the least time it takes."""

    candles: int
    calls: int
    weight: int
    minutes: int


def connections(spec: StreamSpec) -> int:
    """WebSocket connections that the live candles take."""
    return ceil(series_count(spec) / STREAMS_PER_CONNECTION) if spec.source.mode == "Auto" else 0


def series_count(spec: StreamSpec) -> int:
    """How many series the stream has."""
    return len(spec.symbols) * len(spec.intervals)


def history_cost(spec: StreamSpec, now: Millis) -> HistoryCost:
    """The cost of a first start at exchange time `now`, if every symbol is listed for so long."""
    grids = (INTERVALS[name] for name in spec.intervals)
    depths = [grid.count(history_start(spec, grid.name, now), grid.floor(now)) for grid in grids]
    calls = sum(ceil(depth / CANDLES_PER_CALL) for depth in depths) * len(spec.symbols)
    weight = calls * CALL_WEIGHT
    return HistoryCost(sum(depths) * len(spec.symbols), calls, weight, ceil(weight / HISTORY_SHARE))


def polling_weight(spec: StreamSpec) -> int:
    """Weight a minute in the mean, where a cycle asks the series that have a new candle; 0 in mode Auto."""
    if spec.source.mode != "Rest":
        return 0
    period = poll_seconds(spec)
    calls = sum(_calls_a_minute(INTERVALS[name].step // SECOND, period) for name in spec.intervals)
    return ceil(calls * CALL_WEIGHT * len(spec.symbols))


def cycle_weight(spec: StreamSpec) -> int:
    """Weight of one cycle in which every series has new candles."""
    return series_count(spec) * CALL_WEIGHT


def _calls_a_minute(step: int, period: int) -> float:
    """Of one series with candles of `step` seconds, asked every `period` seconds."""
    return max(60 / max(step, period), 60 / step / CANDLES_PER_CALL)
