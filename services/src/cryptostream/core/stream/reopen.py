"""Ranges that expired before they were read: what was published once is fetched and published again. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.stream import holes, pasts
from cryptostream.core.stream.runs import Run, without
from cryptostream.core.stream.series_state import Effect, ProducerConfig, RecordGap, SeriesState, Step
from cryptostream.core.stream.settle import heard


def reopen(config: ProducerConfig, state: SeriesState, named: Gap, now: Millis) -> Step:
    """Open a hole over what of a gap named by others was published.

    What is still to be published, or was proved to be absent, stays as it is.
    """
    state, settled = _settle(state, named, now)
    effects: list[Effect] = [RecordGap(heard(named, now)), *settled]
    for run in _published(state, named):
        long = pasts.is_long(config, state.interval, run)
        hole = holes.open_hole(run, history=long, now=named.detected_at, cause="expired")
        state, opened = pasts.add(state, hole)
        effects += opened
    return state, tuple(effects)


def _published(state: SeriesState, named: Gap) -> Iterable[Run]:
    interval = state.interval
    first = max(interval.ceil(named.start), state.spans[0][0])
    last = min(interval.floor(named.end), interval.shift(state.live.next, -1))
    cuts = [(hole.front, hole.end) for hole in state.holes]
    cuts += [(absence.start, absence.end) for absence in state.absences]
    return without(interval, (first, last), sorted(cuts))


def _settle(state: SeriesState, named: Gap, now: Millis) -> Step:
    """Close the decided part of every hole which the gap reaches into, so that no two entries overlap."""
    effects: list[Effect] = []
    kept = list(state.holes)
    for place, hole in enumerate(kept):
        if hole.front == hole.start or named.end < hole.start or named.start >= hole.front:
            continue
        effects += (RecordGap(gap) for gap in holes.resolved_gaps(state.series, state.interval, hole, now))
        state = pasts.know_absent(state, hole, holes.absences_of(hole))
        kept[place] = holes.rest(hole)
        effects.append(RecordGap(holes.gap_of(state.series, state.interval, kept[place])))
    return replace(state, holes=tuple(kept)), tuple(effects)
