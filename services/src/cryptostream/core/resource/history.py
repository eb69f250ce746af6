"""How far back a series must be complete, and how long its records must be kept for that. Pure."""

from collections.abc import Iterator
from functools import lru_cache

from cryptostream.core.indicators.catalogue import Indicator, compile_indicators
from cryptostream.core.market.interval import INTERVALS, SECOND, Millis
from cryptostream.core.resource.spec import IndicatorSpec, StreamSpec
from cryptostream.core.result import Ok

LEAST_CANDLES = 500
DEFAULT_POLL_SECONDS = 60
WEEK = 7 * 24 * 3600


def history_candles(spec: StreamSpec, interval: str) -> int:
    """Default depth of a series, in candles.

    The largest window that is computed on `interval`, so that the newest rows are warm, and at least 500.
    """
    windows = (each.window for each in _computed_on(spec, interval))
    return max([LEAST_CANDLES, *windows])


def history_start(spec: StreamSpec, interval: str, now: Millis) -> Millis:
    """The open time from which a series of the stream must be complete, given exchange time `now`."""
    grid, history = INTERVALS[interval], spec.source.history
    if history.start_time is not None:
        return grid.ceil(min(history.start_time, now))
    if history.seconds is not None:
        return grid.floor(now - history.seconds * SECOND)
    return grid.shift(grid.floor(now), -history_candles(spec, interval))


def poll_seconds(spec: StreamSpec) -> int:
    """Length of a polling cycle: as given, else a minute, or the shortest interval if that is shorter."""
    if spec.source.poll_seconds is not None:
        return spec.source.poll_seconds
    return min(DEFAULT_POLL_SECONDS, INTERVALS[shortest_interval(spec)].step // SECOND)


def shortest_interval(spec: StreamSpec) -> str:
    """The interval with the most candles."""
    return min(spec.intervals, key=lambda name: INTERVALS[name].step)


def window_seconds(spec: StreamSpec, interval: str) -> tuple[int, str]:
    """How long the largest window computed on `interval` is, and of which indicator; (0, "") without any."""
    windows = ((each.window, each.name) for each in _computed_on(spec, interval))
    candles, name = max(windows, default=(0, ""))
    return candles * INTERVALS[interval].step // SECOND, name


def retention_seconds(spec: StreamSpec) -> int:
    """How long topics keep records: as given, else a week, or longer where history or an indicator need it."""
    given = spec.kafka.topics.retention_seconds if spec.kafka else None
    return given or max(WEEK, spec.source.history.seconds or 0, window_seconds(spec, shortest_interval(spec))[0])


def _computed_on(spec: StreamSpec, interval: str) -> Iterator[Indicator]:
    every = compiled(spec.indicators, spec.intervals)
    return (each for each in every if each.with_interval in {None, interval})


@lru_cache(maxsize=64)
def compiled(indicators: tuple[IndicatorSpec, ...], intervals: tuple[str, ...]) -> tuple[Indicator, ...]:
    """Kept, because every series asks; none where the declaration has faults, which parsing tells."""
    compiled = compile_indicators(indicators, intervals)
    return compiled.value if isinstance(compiled, Ok) else ()
