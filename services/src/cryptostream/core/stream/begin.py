"""How a series begins or resumes: from nothing, from what an earlier run left, or from a recording. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from cryptostream.core.market.gap import ABSENT_CAUSES, Gap
from cryptostream.core.market.interval import INTERVALS, Interval, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.stream import audit, holes, pasts
from cryptostream.core.stream.runs import Run, within, without
from cryptostream.core.stream.series_state import (
    Absence,
    Effect,
    Listing,
    Live,
    ProducerConfig,
    RecordGap,
    SeriesState,
    Step,
)


class Past(msgspec.Struct, frozen=True):
    """What an earlier run left of a series: its ledger, and the runs up to now that are not published."""

    gaps: tuple[Gap, ...] = ()
    missing: tuple[Run, ...] = ()


def series_start(start: Millis, gaps: tuple[Gap, ...], first_published: Millis | None) -> Millis:
    """The earliest of the configured start and what an earlier run began with: a start never moves forward."""
    begun = (*(gap.start for gap in gaps), start if first_published is None else first_published)
    return min((start, *begun))


def begin(config: ProducerConfig, series: Series, start: Millis, past: Past, now: Millis) -> Step:
    """A series that is to be complete from open time `start` (of `series_start`) on, and then live."""
    interval = INTERVALS[series.interval]
    following = max(interval.floor(now), start)
    state = SeriesState(
        series=series,
        spans=((start, None),),
        live=Live(next=following),
        absences=_absences(past.gaps),
        audit=audit.first_audit(config, following, now),
    )
    return _open(config, state, past, now)


def record(config: ProducerConfig, series: Series, ranges: tuple[Run, ...], past: Past, now: Millis) -> Step:
    """A series of a recording: complete where its `ranges` (first and last open time each) are, never live."""
    interval = INTERVALS[series.interval]
    state = SeriesState(
        series=series,
        spans=tuple((first, interval.next(last)) for first, last in ranges),
        live=Live(next=interval.next(ranges[-1][1])),
        absences=_absences(past.gaps),
    )
    inside = tuple(part for run in past.missing for part in within(run, ranges))
    return _open(config, state, Past(past.gaps, inside), now)


def _open(config: ProducerConfig, state: SeriesState, past: Past, now: Millis) -> Step:
    """Make a hole of every missing run; what is long, or missing from the very start, is history."""
    interval = state.interval
    absent = tuple((absence.start, absence.end) for absence in state.absences)
    runs = tuple(part for run in past.missing for part in without(interval, run, absent))
    effects: list[Effect] = [RecordGap(gap) for gap in _settled(interval, past.gaps, runs, now)]
    recorded = state.spans[-1][1] is not None
    for run in runs:
        long = interval.count(run[0], interval.next(run[1])) > config.page // 2
        initial = not past.gaps and run[0] == state.spans[0][0]
        if run[0] == state.spans[0][0] and not recorded:
            state = replace(state, listing=Listing(known=False))
        state, ledgered = pasts.add(state, holes.open_hole(run, history=recorded or long or initial, now=now))
        effects += ledgered
    return state, tuple(effects)


def _absences(gaps: tuple[Gap, ...]) -> tuple[Absence, ...]:
    absent = (Absence(g.start, g.end, g.cause) for g in gaps if g.state == "closed" and g.cause in ABSENT_CAUSES)
    return tuple(sorted(absent, key=lambda each: each.start))


def _settled(interval: Interval, gaps: tuple[Gap, ...], runs: tuple[Run, ...], now: Millis) -> Iterable[Gap]:
    """Closing entries for ledgered gaps of which nothing, or only a later part, is still missing."""
    starts = {run[0] for run in runs}
    for gap in gaps:
        if gap.state != "open" or gap.start in starts:
            continue
        inside = any(first <= gap.start <= last for first, last in runs)
        rest = min((first for first, _ in runs if gap.start < first <= gap.end), default=interval.next(gap.end))
        candles = 0 if inside else interval.count(gap.start, rest)
        end = gap.start if inside else interval.shift(rest, -1)
        yield replace(
            gap,
            end=end,
            candles=candles,
            cause="pending",
            state="closed",
            resolved_at=now,
            evidence="log",
            proof="rest",
        )
