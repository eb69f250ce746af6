"""What happens to a series besides candles: its listing, its status, candles that reappear. Pure."""

from msgspec.structs import replace

from cryptostream.core.market.candle import Candle
from cryptostream.core.market.gap import Cause, Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import KlinePage
from cryptostream.core.stream import holes
from cryptostream.core.stream.runs import Run, size, without
from cryptostream.core.stream.series_state import (
    Absence,
    Effect,
    Hole,
    Listing,
    Note,
    Publish,
    RecordGap,
    SeriesState,
    Step,
)


def know_listing(state: SeriesState, oldest: KlinePage, now: Millis) -> Step:
    """What lies before the first candle of the exchange was never there: it is named, not looked for."""
    interval = state.interval
    state = replace(state, listing=Listing())
    running = state.live.next if oldest.in_progress is None else oldest.in_progress
    first = oldest.closed[0].open_time if oldest.closed else running
    effects: list[Effect] = []
    kept: list[Hole] = []
    absences = list(state.absences)
    for hole in state.holes:
        if hole.front != hole.start or hole.start >= first:
            kept.append(hole)
            continue
        before = (hole.start, min(hole.end, interval.shift(first, -1)))
        absences.append(Absence(*before, "before_listing"))
        effects.append(RecordGap(_closed(state, before, "before_listing", hole.detected_at, now)))
        if hole.end >= first:
            rest = replace(hole, start=first, front=first)
            kept.append(rest)
            effects.append(RecordGap(holes.gap_of(state.series, interval, rest)))
    absences.sort(key=lambda each: each.start)
    return replace(state, holes=tuple(kept), absences=tuple(absences)), tuple(effects)


def change_status(state: SeriesState, status: str, now: Millis) -> Step:
    """The exchange's word for the market changed; a delisted one owes nothing from now on."""
    if status == state.status:
        return state, ()
    state = replace(state, status=status)
    return _delist(state, now) if status == "DELISTED" else (state, ())


def _delist(state: SeriesState, now: Millis) -> Step:
    interval = state.interval
    following = max(interval.floor(now), state.live.next)
    runs = [(hole.front, hole.end) for hole in state.holes]
    if following > state.live.next:
        runs.append((state.live.next, interval.shift(following, -1)))
    absences = sorted((*state.absences, *(Absence(*run, "delisted") for run in runs)), key=lambda each: each.start)
    repaired = tuple(
        RecordGap(gap) for hole in state.holes for gap in holes.resolved_gaps(state.series, interval, hole, now)
    )
    delisted = tuple(RecordGap(_closed(state, run, "delisted", now, now)) for run in runs)
    live = replace(state.live, next=following, held=(), held_since=None)
    return replace(state, holes=(), live=live, absences=tuple(absences)), (*repaired, *delisted)


def reappear(state: SeriesState, rows: tuple[Candle, ...], now: Millis) -> Step:
    """Publish candles that the exchange has after all, though they had been proved absent."""
    effects: list[Effect] = []
    absences: list[Absence] = []
    for absence in state.absences:
        found = tuple(row for row in rows if absence.start <= row.open_time <= absence.end)
        if not found:
            absences.append(absence)
            continue
        effects += (Publish(found, "repair"), Note("reappeared", len(found), f"from {found[0].open_time}"))
        repaired = tuple((row.open_time, row.open_time) for row in found)
        effects += (RecordGap(_closed(state, run, "pending", now, now)) for run in repaired)
        for run in without(state.interval, (absence.start, absence.end), repaired):
            absences.append(Absence(*run, absence.cause))
            effects.append(RecordGap(_closed(state, run, absence.cause, now, now)))
    return replace(state, absences=tuple(absences)), tuple(effects)


def _closed(state: SeriesState, run: Run, cause: Cause, detected_at: Millis, now: Millis) -> Gap:
    return Gap(
        series=state.series,
        start=run[0],
        end=run[1],
        candles=size(state.interval, run),
        cause=cause,
        state="closed",
        detected_at=detected_at,
        resolved_at=now,
        evidence="rest",
        proof="rest",
    )
