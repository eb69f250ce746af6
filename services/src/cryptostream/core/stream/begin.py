"""How a series begins or resumes: from nothing, from what an earlier run left, or from a recording. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from cryptostream.core.market.gap import ABSENT_CAUSES, Cause, Gap
from cryptostream.core.market.interval import INTERVALS, Interval, Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.stream import audit, holes, pasts
from cryptostream.core.stream.runs import Run, size, union, within, without
from cryptostream.core.stream.series_state import (
    Absence,
    Effect,
    Hole,
    Listing,
    Live,
    ProducerConfig,
    RecordGap,
    SeriesState,
    Step,
)
from cryptostream.core.stream.settle import Judged, decided, settled


class Past(msgspec.Struct, frozen=True):
    """What an earlier run left of a series: its ledger, and the runs that are not published.

    `newest` is an open time after which nothing was published. `progress` is the last checkpoint, where the log
    keeps some.
    """

    gaps: tuple[Gap, ...] = ()
    missing: tuple[Run, ...] = ()
    newest: Millis | None = None
    progress: Progress | None = None


def series_start(start: Millis, gaps: tuple[Gap, ...], first_published: Millis | None) -> Millis:
    """The earliest of the configured start and what an earlier run began with: a start never moves forward.

    What others name as expired may reach back further than anything that was ever published.
    """
    begun = (gap.start for gap in gaps if gap.cause != "expired")
    return min((start, *begun, start if first_published is None else first_published))


def series_next(interval: Interval, start: Millis, newest: Millis | None, now: Millis) -> Millis:
    """Where the live lane begins: never before the end of what was published, even if the clock says so."""
    return max(interval.floor(now), start, start if newest is None else interval.next(newest))


def begin(config: ProducerConfig, series: Series, start: Millis, past: Past, now: Millis) -> Step:
    """A series that is to be complete from open time `start` (of `series_start`) on, and then live."""
    following = series_next(INTERVALS[series.interval], start, past.newest, now)
    state = SeriesState(
        series=series,
        spans=((start, None),),
        live=Live(next=following, trade=_next_trade(past, following)),
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
    )
    inside = tuple(part for run in past.missing for part in within(run, ranges))
    return _open(config, state, replace(past, missing=inside), now)


def _next_trade(past: Past, following: Millis) -> int | None:
    """The chain of trade ids goes on if nothing has closed since the checkpoint."""
    told = past.progress
    return None if told is None or told.last_trade_id is None or told.next_open != following else told.last_trade_id + 1


def _open(config: ProducerConfig, state: SeriesState, past: Past, now: Millis) -> Step:
    """Make a hole of every missing run; what is long, or missing from the very start, is history."""
    interval, start = state.interval, state.spans[0][0]
    proved = decided(past.gaps, past.progress)
    absences = _absences(interval, past.gaps, proved)
    delisted = any(each.cause == "delisted" for each in absences)
    state = replace(state, absences=absences, status="DELISTED" if delisted else state.status)
    opened = tuple(_holes(config, state, past, now))
    judged = Judged(
        reach=(start, interval.shift(state.live.next, -1)),
        missing=tuple((hole.start, hole.end) for hole in opened),
        absent=_runs(absences),
        proved=proved,
    )
    effects: list[Effect] = [RecordGap(gap) for gap in settled(interval, past.gaps, judged, now)]
    for hole in opened:
        if hole.start == start and state.spans[-1][1] is None:
            state = replace(state, listing=Listing(known=False))
        state, ledgered = pasts.add(state, hole)
        effects += ledgered
    return _counted(state, past.progress), tuple(effects)


def _holes(config: ProducerConfig, state: SeriesState, past: Past, now: Millis) -> Iterable[Hole]:
    """A hole for every run that is missing and not absent; what expired is apart from what was never published."""
    interval, opened = state.interval, [gap for gap in past.gaps if gap.state == "open"]
    expired = _expired(interval, opened, past.progress)
    runs = (part for gone in past.missing for part in without(interval, gone, _runs(state.absences)))
    for run in runs:
        initial = not past.gaps and run[0] == state.spans[0][0]
        history = state.spans[-1][1] is not None or initial or pasts.is_long(config, interval, run)
        parts: list[tuple[Run, Cause]] = [(part, "expired") for part in within(run, expired)]
        parts += [(part, "pending") for part in without(interval, run, expired)]
        for part, cause in sorted(parts):
            since = min((gap.detected_at for gap in opened if gap.start <= part[0] <= gap.end), default=now)
            yield holes.open_hole(part, history=history, now=since, cause=cause)


def _expired(interval: Interval, opened: list[Gap], progress: Progress | None) -> tuple[Run, ...]:
    """What was published once: others may name more."""
    named = union(interval, ((gap.start, gap.end) for gap in opened if gap.cause == "expired"))
    if progress is None:
        return named
    return tuple(within((progress.start, interval.shift(progress.next_open, -1)), named))


def _runs(absences: tuple[Absence, ...]) -> tuple[Run, ...]:
    return tuple((absence.start, absence.end) for absence in absences)


def _absences(interval: Interval, gaps: tuple[Gap, ...], proved: tuple[Run, ...]) -> tuple[Absence, ...]:
    """What the ledger names as absent, and what the checkpoint says of gaps that are still open; none overlap."""
    named = [Absence(g.start, g.end, g.cause) for g in gaps if g.state == "closed" and g.cause in ABSENT_CAUSES]
    apart: list[Absence] = []
    for each in (*named, *(Absence(*run, "exchange_outage") for run in proved)):
        known = sorted((absence.start, absence.end) for absence in apart)
        apart += (Absence(*run, each.cause) for run in without(interval, (each.start, each.end), known))
    return tuple(sorted(apart, key=lambda each: each.start))


def _counted(state: SeriesState, progress: Progress | None) -> SeriesState:
    """What earlier runs have published is what is neither missing nor absent; what expired was published."""
    interval = state.interval
    grid = sum(interval.count(start, state.live.next if end is None else end) for start, end in state.spans)
    unpublished = [(hole.start, hole.end) for hole in state.holes if not hole.expired] + [*_runs(state.absences)]
    return replace(
        state,
        earlier=grid - sum(size(interval, run) for run in unpublished),
        earlier_duplicates=0 if progress is None else progress.duplicates_dropped,
    )
