"""The past of one series: its holes in order, what is absent for good, and how both reach the ledger. Pure.

Of each lane only the first hole is worked on, so that a lane ascends over all its holes.
"""

from collections.abc import Callable, Iterable
from functools import partial

from msgspec.structs import replace

from cryptostream.core.market.candle import Candle
from cryptostream.core.market.gap import Cause
from cryptostream.core.market.interval import Interval, Millis
from cryptostream.core.ports import ExchangeError, KlinePage
from cryptostream.core.stream import holes
from cryptostream.core.stream.runs import Run, size
from cryptostream.core.stream.series_state import (
    Absence,
    Effect,
    Fetch,
    Hole,
    Note,
    ProducerConfig,
    Publish,
    Purpose,
    RecordGap,
    SeriesState,
    Step,
)

BLOCKED = frozenset({"banned", "blocked", "rate_limited"})


def is_long(config: ProducerConfig, interval: Interval, run: Run) -> bool:
    """Whether a run takes so many answers that repairs must not wait for it: it is history."""
    return size(interval, run) > config.page // 2


def give_up(state: SeriesState, hole: Hole) -> Step:
    """Open what the live lane no longer waits for; where the last repair ends just before, that one gets longer."""
    last = state.holes[-1] if state.holes else None
    goes_on = last is not None and last.lane == "repair" and not last.expired
    if last is not None and goes_on and state.interval.next(last.end) == hole.start:
        return _lengthen(state, last, hole)
    return add(state, hole)


def add(state: SeriesState, hole: Hole) -> Step:
    """Open `hole` and ledger it."""
    ordered = tuple(sorted((*state.holes, replace(hole, ledgered=hole.end)), key=lambda each: each.start))
    return replace(state, holes=ordered), (RecordGap(holes.gap_of(state.series, state.interval, hole)),)


def _lengthen(state: SeriesState, last: Hole, more: Hole) -> Step:
    """A silence that lasts is one hole; the ledger hears of it whenever it has doubled, and at its end."""
    interval = state.interval
    longer = replace(last, end=more.end, next_trade=more.next_trade)
    told = 2 * size(interval, (last.start, last.ledgered)) <= size(interval, (last.start, more.end))
    longer = replace(longer, ledgered=more.end) if told else longer
    gaps = (RecordGap(holes.gap_of(state.series, interval, longer)),) if told else ()
    return replace(state, holes=(*state.holes[:-1], longer)), gaps


def fronts(state: SeriesState) -> tuple[Hole, ...]:
    """The holes that are worked on: of each lane the one with an open question, or else the first."""
    chosen: dict[str, Hole] = {}
    for hole in state.holes:
        if hole.asked is not None:
            chosen[hole.lane] = hole
        else:
            chosen.setdefault(hole.lane, hole)
    return tuple(chosen.values())


def askable(state: SeriesState) -> tuple[Hole, ...]:
    """The holes that may be fetched for: no question is open, and the listing is known if they reach back to it."""
    start = state.spans[0][0]
    return tuple(h for h in fronts(state) if h.asked is None and (state.listing.known or h.front != start))


def undecided(state: SeriesState, open_time: Millis) -> bool:
    """Whether `open_time` lies in a hole, is not decided and its candle is not there yet."""
    return any(
        hole.front <= open_time <= hole.end and all(row.open_time != open_time for row in hole.rows)
        for hole in state.holes
    )


def put(state: SeriesState, candles: tuple[Candle, ...]) -> tuple[SeriesState, int]:
    """Put candles of the past into their holes; returns how many belong in none, or are there already."""
    repeats = len(candles)
    changed: list[Hole] = []
    for hole in state.holes:
        mine = tuple(c for c in candles if hole.front <= c.open_time <= hole.end)
        filled, known = holes.put(hole, mine) if mine else (hole, 0)
        repeats += known - len(mine)
        changed.append(filled)
    return replace(state, holes=tuple(changed)), repeats


def publish_ready(state: SeriesState, now: Millis) -> Step:
    """Publish what lies at the front of each lane's first hole; close the holes that are decided."""
    effects: list[Effect] = []
    remaining: list[Hole] = []
    busy: set[str] = set()
    for each in state.holes:
        hole, candles = (each, ()) if each.lane in busy else holes.drain(state.interval, each)
        if candles:
            effects.append(Publish(candles, hole.lane))
            state = replace(state, published=state.published + (0 if hole.expired else len(candles)))
        if holes.is_done(hole):
            effects += _close(state, hole, now)
            state = know_absent(state, hole, holes.absences_of(hole))
        else:
            busy.add(hole.lane)
            remaining.append(hole)
    return replace(state, holes=tuple(remaining)), tuple(effects)


def know_absent(state: SeriesState, hole: Hole, absent: Iterable[Absence]) -> SeriesState:
    """What was found absent in `hole` is not looked for again; what expired no longer counts as published."""
    found = tuple(absent)
    lost = sum(size(state.interval, (each.start, each.end)) for each in found) if hole.expired else 0
    ordered = tuple(sorted((*state.absences, *found), key=lambda each: each.start))
    return replace(state, absences=ordered, earlier=state.earlier - lost)


def _close(state: SeriesState, hole: Hole, now: Millis) -> Iterable[Effect]:
    for gap in holes.resolved_gaps(state.series, state.interval, hole, now):
        yield RecordGap(gap)
    match holes.trades_match(hole):
        case True:
            yield Note("chain_proof")
        case False:
            yield Note("chain_break", detail=f"hole at {hole.start}: {hole.trades} trades filled in")
        case None:
            pass


def asked_for(state: SeriesState, purpose: Purpose, start: Millis) -> Millis | None:
    """Where the hole begins whose question from `start` on is open; None if it has gone meanwhile."""
    return next((hole.start for hole in state.holes if hole.lane == purpose and hole.asked == start), None)


def answered(config: ProducerConfig, state: SeriesState, hole_at: Millis, now: Millis) -> Step:
    """An answer came: ask again after a pause, unless it moves the front of the hole."""

    def noted(hole: Hole) -> Hole:
        retry = now + pause(config, hole.attempts)
        named = _named(hole, "pending")
        return replace(named, asked=None, attempts=hole.attempts + 1, retry_at=retry)

    return _change(state, hole_at, noted)


def failed(config: ProducerConfig, state: SeriesState, hole_at: Millis, error: ExchangeError, now: Millis) -> Step:
    """No answer came: ask again when the exchange allows it; a ban or block is named in the ledger."""
    cause: Cause = "blocked" if error.fault in BLOCKED else "pending"

    def noted(hole: Hole) -> Hole:
        wait = config.proof_pause if error.fault == "refused" else pause(config, hole.attempts)
        retry = max(now + wait, error.retry_at or 0)
        return replace(_named(hole, cause), asked=None, attempts=hole.attempts + 1, retry_at=retry)

    return _change(state, hole_at, noted)


def _named(hole: Hole, cause: Cause) -> Hole:
    return hole if hole.expired else replace(hole, cause=cause)


def pause(config: ProducerConfig, attempts: int) -> Millis:
    """How long to wait after `attempts` questions in a row that brought nothing."""
    return int(min(config.retry_first * 2 ** min(attempts, 10), config.retry_most))


def judge(config: ProducerConfig, state: SeriesState, hole_at: Millis, page: KlinePage, now: Millis) -> Step:
    """Prove absent what an answer lacks, and publish what then lies at the front, until nothing moves."""
    effects: tuple[Effect, ...] = ()
    while True:
        before, interval = state.holes, state.interval
        state, _ = _change(state, hole_at, partial(holes.doubt, config, interval, page, now))
        moved = _moved(before, state.holes)
        state, more = publish_ready(state, now)
        effects = (*effects, *more)
        if not moved:
            return state, effects


def _moved(before: tuple[Hole, ...], after: tuple[Hole, ...]) -> bool:
    return any(old.front != new.front for old, new in zip(before, after, strict=True))


def _change(state: SeriesState, hole_at: Millis, change: Callable[[Hole], Hole]) -> Step:
    """Change the hole that begins at `hole_at`, if it is still there; a new cause is written to the ledger."""
    old = next((hole for hole in state.holes if hole.start == hole_at), None)
    if old is None:
        return state, ()
    new = change(old)
    kept = tuple(new if hole is old else hole for hole in state.holes)
    gap = holes.gap_of(state.series, state.interval, new)
    effects: tuple[Effect, ...] = (RecordGap(gap),) if new.cause != old.cause else ()
    return replace(state, holes=kept), effects


def ask(config: ProducerConfig, state: SeriesState, now: Millis) -> Step:
    """Fetch for the first hole of each lane, where no question is open and none has to wait."""
    effects: list[Effect] = []
    asked: dict[Millis, Hole] = {}
    for hole in askable(state):
        if now < hole.retry_at:
            continue
        purpose: Purpose = "history" if hole.lane == "history" else "repair"
        effects.append(Fetch(purpose, hole.front, min(config.page, size(state.interval, (hole.front, hole.end)) + 2)))
        asked[hole.start] = replace(hole, asked=hole.front)
    changed = tuple(asked.get(hole.start, hole) for hole in state.holes)
    return (replace(state, holes=changed), tuple(effects)) if asked else (state, ())
