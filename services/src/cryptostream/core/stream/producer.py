"""The producer's step for one series: (state, event, now) → (state, effects). Pure.

Whatever arrives, in whatever order: each (candle, revision) is published once, ascending per lane, or the
ledger names what is missing and why. The shell in `producer/` does the effects and nothing else.
"""

from typing import assert_never

from msgspec.structs import replace

from cryptostream.core.market.candle import Candle
from cryptostream.core.market.interval import Millis
from cryptostream.core.stream import audit as audits
from cryptostream.core.stream import life, live, pasts
from cryptostream.core.stream.reopen import reopen
from cryptostream.core.stream.series_state import (
    Closed,
    Effect,
    Event,
    Fetch,
    Fetched,
    FetchFailed,
    Live,
    Note,
    ProducerConfig,
    Publish,
    Reopened,
    Resubscribe,
    Seam,
    SeriesState,
    Status,
    Step,
    Tick,
)


def step(config: ProducerConfig, state: SeriesState, event: Event, now: Millis) -> Step:
    """What follows from `event` at exchange time `now` (ms).

    Returns the new state and the effects in the order in which they are to be done.
    """
    match event:
        case Closed(candle):
            state, effects = _accept(config, state, (candle,), now)
            state = replace(state, live=replace(state.live, misses=0))
        case Fetched():
            state, effects = _answered(config, state, event, now)
        case FetchFailed():
            state, effects = _failed(config, state, event, now)
        case Tick():
            effects = ()
        case Seam():
            state, effects = _ask_live(config, state, now, after=0)
        case Status(status):
            state, effects = life.change_status(config, state, status, now)
        case Reopened(gap):
            state, effects = reopen(config, state, gap, now)
        case _:
            assert_never(event)
    state, more = _pass_time(config, state, now)
    return state, (*effects, *more)


def next_wake(config: ProducerConfig, state: SeriesState) -> Millis | None:
    """Exchange time of the next `Tick` that can change something; None if only an event can."""
    times: list[Millis] = []
    cursor, interval = state.live, state.interval
    flows = _is_live(state) and state.flows
    if flows and not cursor.asked and not config.polling:
        times.append(max(live.deadline(config, interval, cursor), cursor.retry_at))
    if cursor.held_since is not None:
        times.append(cursor.held_since + config.hold)
    elif flows:
        times.append(interval.close_time(cursor.next) + config.grace + 1)
    times.extend(hole.retry_at for hole in pasts.askable(state))
    if not state.listing.known and not state.listing.asked:
        times.append(state.listing.retry_at)
    if state.audit.runs and not state.audit.asked:
        times.append(state.audit.retry_at)
    times.extend(at for at in (state.audit.next_at, state.audit.next_day) if at is not None)
    return min(times, default=None)


# ---------------------------------------------------------------- candles arrive


def _accept(config: ProducerConfig, state: SeriesState, candles: tuple[Candle, ...], now: Millis) -> Step:
    """Put each candle where it belongs: the live lane, a hole, or nowhere because it was published before."""
    usable, notes = _usable(config, state, candles, now)
    ahead = tuple(c for c in usable if c.open_time >= state.live.next)
    behind = tuple(c for c in usable if c.open_time < state.live.next)
    cursor, repeats = live.hold(state.live, ahead, now) if _is_live(state) else (state.live, 0)
    found = tuple(c for c in behind if life.is_absent(state, c.open_time))
    state, reappeared = life.reappear(replace(state, live=cursor), found, now)
    state, more_repeats = pasts.put(state, tuple(c for c in behind if c not in found))
    repeats += more_repeats
    state, effects = _publish_ready(state, now)
    if repeats:
        notes = (*notes, Note("duplicate", repeats))
    return replace(state, duplicates=state.duplicates + repeats), (*reappeared, *effects, *notes)


def _usable(
    config: ProducerConfig, state: SeriesState, candles: tuple[Candle, ...], now: Millis
) -> tuple[tuple[Candle, ...], tuple[Note, ...]]:
    interval = state.interval
    on_grid = tuple(c for c in candles if interval.is_open_time(c.open_time))
    usable = tuple(c for c in on_grid if interval.close_time(c.open_time) <= now + config.skew)
    notes = (
        Note("off_grid", len(candles) - len(on_grid)),
        Note("in_future", len(on_grid) - len(usable)),
    )
    return usable, tuple(note for note in notes if note.count)


def _publish_ready(state: SeriesState, now: Millis) -> Step:
    """Publish what is next in order, on the live lane and at the front of the holes."""
    cursor, candles, notes = live.release(state.interval, state.live, now)
    state = replace(state, live=cursor, published=state.published + len(candles))
    effects: tuple[Effect, ...] = (Publish(candles, "live"), *notes) if candles else ()
    state, more = pasts.publish_ready(state, now)
    return state, (*effects, *more)


# ---------------------------------------------------------------- answers to fetches


def _answered(config: ProducerConfig, state: SeriesState, answer: Fetched, now: Millis) -> Step:
    page = answer.page
    match answer.purpose:
        case "live":
            state = replace(state, live=_answered_live(config, state.live, now))
            return _accept_rest(config, state, page.closed, now)
        case "repair" | "history":
            return _answered_past(config, state, answer, now)
        case "audit":
            return _audited(config, state, answer, now)
        case "listing":
            return life.know_listing(config, state, page, now)
        case _:
            assert_never(answer.purpose)


def _answered_past(config: ProducerConfig, state: SeriesState, answer: Fetched, now: Millis) -> Step:
    """Only the hole that was asked for is judged by what an answer lacks."""
    hole_at = pasts.asked_for(state, answer.purpose, answer.start)
    if hole_at is None:
        return _accept_rest(config, state, answer.page.closed, now)
    state, noted = pasts.answered(config, state, hole_at, now)
    state, effects = _accept_rest(config, state, answer.page.closed, now)
    state, more = pasts.judge(config, state, hole_at, answer.page, now)
    return state, (*noted, *effects, *more)


def _accept_rest(config: ProducerConfig, state: SeriesState, rows: tuple[Candle, ...], now: Millis) -> Step:
    """Rows of an answer, without those that were published before: they are context, not duplicates."""
    wanted = tuple(row for row in rows if _is_wanted(state, row))
    return _accept(config, state, wanted, now)


def _is_wanted(state: SeriesState, row: Candle) -> bool:
    if row.open_time >= state.live.next:
        held = {candle.open_time for candle in state.live.held}
        return row.open_time not in held
    return pasts.undecided(state, row.open_time)


def _answered_live(config: ProducerConfig, cursor: Live, now: Millis) -> Live:
    return replace(
        cursor,
        asked=False,
        attempts=cursor.attempts + 1,
        retry_at=now + pasts.pause(config, cursor.attempts),
    )


def _audited(config: ProducerConfig, state: SeriesState, answer: Fetched, now: Millis) -> Step:
    if not state.audit.runs or answer.start != state.audit.runs[0][0] or answer.published is None:
        return replace(state, audit=replace(state.audit, asked=False)), ()
    end = state.audit.runs[0][1]
    rows = tuple(row for row in answer.page.closed if row.open_time <= end)
    audit, published, notes = audits.restated(state.audit, rows, answer.published)
    state = replace(state, audit=audits.advance(state.interval, audit, rows, config.page))
    state, reappeared = life.reappear(state, rows, now)
    return state, (*published, *notes, *reappeared)


def _failed(config: ProducerConfig, state: SeriesState, failure: FetchFailed, now: Millis) -> Step:
    error = failure.error
    match failure.purpose:
        case "live":
            retry = max(now + pasts.pause(config, state.live.attempts), error.retry_at or 0)
            cursor = replace(state.live, asked=False, attempts=state.live.attempts + 1, retry_at=retry)
            return replace(state, live=cursor), ()
        case "repair" | "history":
            hole_at = pasts.asked_for(state, failure.purpose, failure.start)
            return (state, ()) if hole_at is None else pasts.failed(config, state, hole_at, error, now)
        case "audit":
            retry = max(now + config.proof_pause, error.retry_at or 0)
            audit = replace(state.audit, asked=False, attempts=state.audit.attempts + 1, retry_at=retry)
            return replace(state, audit=audit), ()
        case "listing":
            retry = max(now + config.retry_most, error.retry_at or 0)
            return replace(state, listing=replace(state.listing, asked=False, retry_at=retry)), ()
        case _:
            assert_never(failure.purpose)


# ---------------------------------------------------------------- time passes


def _pass_time(config: ProducerConfig, state: SeriesState, now: Millis) -> Step:
    """Deadlines, the end of holding, retries and audits that are due by `now`."""
    state, effects = _give_up_live(config, state, now)
    if not config.polling:
        state, asked = _ask_live(config, state, now, after=live.deadline(config, state.interval, state.live))
        effects = (*effects, *asked)
    state, listing = _ask_listing(state, now)
    state, fetches = pasts.ask(config, state, now)
    state, audit = _ask_audit(config, state, now)
    return state, (*effects, *listing, *fetches, *audit)


def _is_live(state: SeriesState) -> bool:
    return state.spans[-1][1] is None


def _give_up_live(config: ProducerConfig, state: SeriesState, now: Millis) -> Step:
    if not _is_live(state) or not (state.flows or state.live.held):
        return state, ()
    run = live.overdue(config, state.interval, state.live, now)
    if run is None:
        return state, ()
    cursor, hole = live.carve(state.interval, state.live, run, now)
    state, effects = pasts.give_up(replace(state, live=cursor), hole)
    state, released = _publish_ready(state, now)
    return state, (*effects, *released)


def _ask_live(config: ProducerConfig, state: SeriesState, now: Millis, *, after: Millis) -> Step:
    """Fetch what closed and did not arrive, once `after` has passed and no question is open."""
    cursor = state.live
    count = live.missed(state.interval, cursor, now)
    if not _is_live(state) or not state.flows or cursor.asked or not count or now < after:
        return state, ()
    if after and now < cursor.retry_at:
        return state, ()
    misses = cursor.misses + bool(after)
    fetch = Fetch("live", cursor.next, min(config.page, count + 1))
    silent = misses and misses % live.MISSES_UNTIL_SILENT == 0
    effects: tuple[Effect, ...] = (fetch, Resubscribe()) if silent else (fetch,)
    return replace(state, live=replace(cursor, asked=True, misses=misses)), effects


def _ask_listing(state: SeriesState, now: Millis) -> Step:
    listing = state.listing
    if listing.known or listing.asked or now < listing.retry_at:
        return state, ()
    return replace(state, listing=replace(listing, asked=True)), (Fetch("listing", 0, 1),)


def _ask_audit(config: ProducerConfig, state: SeriesState, now: Millis) -> Step:
    start = state.spans[0][0]
    audit = audits.due(config, state.interval, state.audit, start, now)
    if not audit.runs or audit.asked or now < audit.retry_at:
        return replace(state, audit=audit), ()
    first, last = audit.runs[0]
    count = state.interval.count(first, state.interval.next(last))
    fetch = Fetch("audit", first, min(config.page, count))
    return replace(state, audit=replace(audit, asked=True)), (fetch,)
