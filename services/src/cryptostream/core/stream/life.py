"""What happens to a series besides candles: its listing, its status, candles that reappear. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from cryptostream.core.market.candle import Candle
from cryptostream.core.market.gap import Cause, Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import KlinePage
from cryptostream.core.stream import holes, pasts
from cryptostream.core.stream.runs import Run, size, union, without
from cryptostream.core.stream.series_state import (
    Absence,
    Effect,
    Hole,
    Listing,
    Note,
    ProducerConfig,
    Publish,
    RecordGap,
    SeriesState,
    Step,
)


def know_listing(config: ProducerConfig, state: SeriesState, oldest: KlinePage, now: Millis) -> Step:
    """What lies before the first candle of the exchange was never there: it is named, not looked for.

    An answer without any candle must come twice and a minute apart, as it must for one candle.
    """
    if not oldest.closed and oldest.in_progress is None:
        doubted = now if state.listing.doubted is None else state.listing.doubted
        if oldest.rejected or now - doubted < config.proof_pause:
            again = Listing(known=False, retry_at=now + config.proof_pause, doubted=doubted)
            return replace(state, listing=again), ()
    return _list(state, oldest, now)


def _list(state: SeriesState, oldest: KlinePage, now: Millis) -> Step:
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
        effects.append(RecordGap(closed(state, before, "before_listing", hole.detected_at, now)))
        if hole.end >= first:
            rest = replace(hole, start=first, front=first)
            kept.append(rest)
            effects.append(RecordGap(holes.gap_of(state.series, interval, rest)))
    return replace(state, holes=tuple(kept), absences=_ordered(absences)), tuple(effects)


def change_status(config: ProducerConfig, state: SeriesState, status: str, now: Millis) -> Step:
    """The exchange's word for the market changed; a delisted one owes nothing, until it is listed again."""
    before, state = state.status, replace(state, status=status)
    if status == "DELISTED":
        return _delist(state, now) if before != status or state.holes else (state, ())
    return _relist(config, state, now) if before == "DELISTED" else (state, ())


def _delist(state: SeriesState, now: Millis) -> Step:
    """What has arrived is published; what has not will not come any more."""
    interval, held = state.interval, state.live.held
    following = max(interval.floor(now), interval.next(held[-1].open_time) if held else state.live.next)
    waiting = (state.live.next, interval.shift(following, -1))
    gone = list(without(interval, waiting, (_place(candle) for candle in held)))
    effects: list[Effect] = [Publish(held, "live")] if held else []
    for hole in state.holes:
        state, abandoned = _abandon(state, hole, now)
        effects += abandoned
    effects += (RecordGap(_delisted(state, run, now)) for run in gone)
    return replace(
        state,
        holes=(),
        live=replace(state.live, next=following, held=(), held_since=None, trade=None),
        absences=_ordered((*state.absences, *(Absence(*run, "delisted") for run in gone))),
        published=state.published + len(held),
    ), tuple(effects)


def _abandon(state: SeriesState, hole: Hole, now: Millis) -> Step:
    """Publish the rows of a hole that will not be filled; what of it is undecided is delisted."""
    interval, places = state.interval, [_place(row) for row in hole.rows]
    gone = tuple(without(interval, (hole.front, hole.end), places))
    filled = replace(hole, repaired=union(interval, (*hole.repaired, *places)), trades=None)
    state = pasts.know_absent(state, hole, (*holes.absences_of(hole), *(Absence(*run, "delisted") for run in gone)))
    state = replace(state, published=state.published + (0 if hole.expired else len(places)))
    published = (Publish(hole.rows, hole.lane),) if hole.rows else ()
    gaps = (*holes.resolved_gaps(state.series, interval, filled, now), *(_delisted(state, run, now) for run in gone))
    return state, (*published, *(RecordGap(gap) for gap in gaps))


def _delisted(state: SeriesState, run: Run, now: Millis) -> Gap:
    return closed(state, run, "delisted", now, now)


def _relist(config: ProducerConfig, state: SeriesState, now: Millis) -> Step:
    """The market is there after all: what was given up is asked for again."""
    again = tuple(each for each in state.absences if each.cause == "delisted")
    state = replace(state, absences=tuple(each for each in state.absences if each not in again))
    effects: list[Effect] = []
    for each in again:
        run = (each.start, each.end)
        long = pasts.is_long(config, state.interval, run)
        state, opened = pasts.add(state, holes.open_hole(run, history=long, now=now))
        effects += opened
    return state, tuple(effects)


def is_absent(state: SeriesState, open_time: Millis) -> bool:
    """Whether the exchange is known not to have the candle."""
    return any(each.start <= open_time <= each.end for each in state.absences)


def reappear(state: SeriesState, rows: tuple[Candle, ...], now: Millis) -> Step:
    """Publish candles that the exchange has after all, though they had been proved absent."""
    effects: list[Effect] = []
    absences: list[Absence] = []
    count = 0
    for absence in state.absences:
        found = tuple(row for row in rows if absence.start <= row.open_time <= absence.end)
        if not found:
            absences.append(absence)
            continue
        count += len(found)
        effects += (Publish(found, "repair"), Note("reappeared", len(found), f"from {found[0].open_time}"))
        repaired = tuple(_place(row) for row in found)
        effects += (RecordGap(closed(state, run, "pending", now, now)) for run in repaired)
        for run in without(state.interval, (absence.start, absence.end), repaired):
            absences.append(Absence(*run, absence.cause))
            effects.append(RecordGap(closed(state, run, absence.cause, now, now)))
    return replace(state, absences=tuple(absences), published=state.published + count), tuple(effects)


def _place(candle: Candle) -> Run:
    return candle.open_time, candle.open_time


def _ordered(absences: Iterable[Absence]) -> tuple[Absence, ...]:
    return tuple(sorted(absences, key=lambda each: each.start))


def closed(state: SeriesState, run: Run, cause: Cause, detected_at: Millis, now: Millis) -> Gap:
    """The closed entry of the ledger for `run`, decided by what the exchange answers."""
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
