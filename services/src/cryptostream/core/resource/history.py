"""How far back a series must be complete. Pure."""

from cryptostream.core.indicators.catalogue import Indicator, compile_indicators
from cryptostream.core.market.interval import INTERVALS, SECOND, Millis
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Ok

LEAST_CANDLES = 500
DEFAULT_POLL_SECONDS = 60


def history_candles(spec: StreamSpec) -> int:
    """Default depth: two of the largest indicator windows, so that rows are warm, and at least 500 candles."""
    compiled = compile_indicators(spec.indicators, spec.intervals)
    indicators: tuple[Indicator, ...] = compiled.value if isinstance(compiled, Ok) else ()
    return max([LEAST_CANDLES, *(2 * indicator.window for indicator in indicators)])


def history_start(spec: StreamSpec, interval: str, now: Millis) -> Millis:
    """The open time from which a series of the stream must be complete, given exchange time `now`."""
    grid = INTERVALS[interval]
    history = spec.source.history
    if history.start_time is not None:
        return grid.ceil(min(history.start_time, now))
    if history.seconds is not None:
        return grid.floor(now - history.seconds * SECOND)
    return grid.shift(grid.floor(now), -history_candles(spec))


def poll_seconds(spec: StreamSpec) -> int:
    """Length of a polling cycle: as given, else a minute, or the shortest interval if that is shorter."""
    if spec.source.poll_seconds is not None:
        return spec.source.poll_seconds
    shortest = min(INTERVALS[name].step for name in spec.intervals) // SECOND
    return max(1, min(DEFAULT_POLL_SECONDS, shortest))
