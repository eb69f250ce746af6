"""What a series should have by now, and what of it is missing and why. Pure."""

from cryptostream.core.market.gap import Cause
from cryptostream.core.market.interval import Millis
from cryptostream.core.stream.runs import size
from cryptostream.core.stream.series_state import ProducerConfig, SeriesState


def expected(config: ProducerConfig, state: SeriesState, now: Millis) -> int:
    """How many candles the series should have by now: its grid less what the exchange itself lacks."""
    interval = state.interval
    due = _due(config, state, now)
    grid = sum(interval.count(start, due if end is None else end) for start, end in state.spans)
    return grid - sum(size(interval, (each.start, each.end)) for each in state.absences)


def missing(config: ProducerConfig, state: SeriesState, now: Millis) -> dict[Cause, int]:
    """Unpublished candles by cause, those included which the exchange itself does not have."""
    interval = state.interval
    counts: dict[Cause, int] = {}
    for hole in state.holes:
        counts[hole.cause] = counts.get(hole.cause, 0) + size(interval, (hole.front, hole.end))
    for each in state.absences:
        counts[each.cause] = counts.get(each.cause, 0) + size(interval, (each.start, each.end))
    late = interval.count(state.live.next, _due(config, state, now))
    if late:
        counts["pending"] = counts.get("pending", 0) + late
    return counts


def _due(config: ProducerConfig, state: SeriesState, now: Millis) -> Millis:
    """The first open time that is not expected yet: not published, and its close and the grace have not passed."""
    if state.spans[-1][1] is not None or not state.flows:
        return state.live.next
    return max(state.interval.floor(now - config.grace), state.live.next)
