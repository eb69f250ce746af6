"""Filling holes of the past: front first, so that a lane ascends; absent candles are proved, never invented. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from cryptostream.core.market.candle import Candle, Lane
from cryptostream.core.market.gap import Cause, Gap, Proof
from cryptostream.core.market.interval import Interval, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import KlinePage
from cryptostream.core.stream.runs import Run, size
from cryptostream.core.stream.series_state import Absence, Hole, ProducerConfig


def open_hole(run: Run, *, history: bool, now: Millis, cause: Cause = "pending") -> Hole:
    """A hole over `run`, nothing of it decided."""
    lane: Lane = "history" if history else "repair"
    return Hole(start=run[0], end=run[1], front=run[0], lane=lane, detected_at=now, cause=cause)


def gap_of(series: Series, interval: Interval, hole: Hole) -> Gap:
    """The ledger's entry for a hole that is still open."""
    return Gap(
        series=series,
        start=hole.start,
        end=hole.end,
        candles=size(interval, (hole.start, hole.end)),
        cause=hole.cause,
        state="open",
        detected_at=hole.detected_at,
    )


def put(hole: Hole, candles: Iterable[Candle]) -> tuple[Hole, int]:
    """Remember `candles` that belong into the undecided part; also returns how many were there before."""
    known = {row.open_time: row for row in hole.rows}
    repeats = 0
    for candle in candles:
        if candle.open_time in known or candle.open_time < hole.front:
            repeats += 1
        known.setdefault(candle.open_time, candle)
    rows = tuple(known[open_time] for open_time in sorted(known) if open_time >= hole.front)
    return replace(hole, rows=rows), repeats


def drain(interval: Interval, hole: Hole) -> tuple[Hole, tuple[Candle, ...]]:
    """Take the candles that lie at the front without a break: they can be published now."""
    front, taken = hole.front, 0
    for row in hole.rows:
        if row.open_time != front:
            break
        front, taken = interval.next(front), taken + 1
    if not taken:
        return hole, ()
    candles = hole.rows[:taken]
    drained = replace(
        hole,
        front=front,
        rows=hole.rows[taken:],
        repaired=_extend(interval, hole.repaired, (candles[0].open_time, candles[-1].open_time)),
        trades=_add_trades(hole.trades, candles),
        doubted=None,
        attempts=0,
        retry_at=0,
    )
    return drained, candles


def doubt(config: ProducerConfig, interval: Interval, page: KlinePage, now: Millis, hole: Hole) -> Hole:
    """Judge an answer that lacks the candle at the front.

    By the rule of the ledger the candle does not exist once the exchange has returned a later one without
    it, twice and a minute apart, or once if it is older than ten minutes. A candle in progress counts as a
    later one only for the old: just after a close the exchange's own database may lag. An answer with a row that
    is no candle proves nothing: it may have been the one.
    """
    if page.rejected:
        return hole
    later_closed = page.closed[-1].open_time if page.closed else None
    later = max((t for t in (later_closed, page.in_progress) if t is not None), default=None)
    if later is None or later <= hole.front:
        return hole
    known = {row.open_time for row in hole.rows}
    twice_before = hole.doubted if later_closed is not None and _is_later(config, hole, now) else None
    front = hole.front
    while front <= hole.end and front < later and front not in known:
        close_time = interval.close_time(front)
        old = now - close_time > config.proof_age
        twice = twice_before is not None and close_time < twice_before and front < (later_closed or 0)
        if not (old or twice):
            break
        front = interval.next(front)
    if front == hole.front:
        return hole if hole.doubted is not None else replace(hole, doubted=now)
    absent = (hole.front, interval.shift(front, -1))
    return replace(hole, front=front, absent=_extend(interval, hole.absent, absent), doubted=None, retry_at=0)


def _is_later(config: ProducerConfig, hole: Hole, now: Millis) -> bool:
    return hole.doubted is not None and now - hole.doubted >= config.proof_pause


def is_done(hole: Hole) -> bool:
    """Whether every open time of the hole is decided."""
    return hole.front > hole.end


def proof(hole: Hole) -> Proof:
    """What shows that the hole was filled completely."""
    return "trade_ids" if trades_match(hole) else "rest"


def trades_match(hole: Hole) -> bool | None:
    """Whether the trades filled in are exactly those between the ids around the hole; None if unknown."""
    if hole.first_trade is None or hole.next_trade is None or hole.trades is None:
        return None
    return hole.first_trade + hole.trades == hole.next_trade


def resolved_gaps(series: Series, interval: Interval, hole: Hole, now: Millis) -> tuple[Gap, ...]:
    """The ledger's closing entries of a decided hole: one for each repaired and each absent run.

    The first one begins where the hole was ledgered and so replaces its open entry.
    """
    runs: list[tuple[Run, Cause]] = [(run, "expired" if hole.expired else "pending") for run in hole.repaired]
    runs += [(run, "exchange_outage") for run in hole.absent]
    return tuple(
        Gap(
            series=series,
            start=run[0],
            end=run[1],
            candles=size(interval, run),
            cause=cause,
            state="closed",
            detected_at=hole.detected_at,
            resolved_at=now,
            evidence="rest",
            proof=proof(hole),
        )
        for run, cause in sorted(runs)
    )


def absences_of(hole: Hole) -> tuple[Absence, ...]:
    """What a hole has proved to be absent so far."""
    return tuple(Absence(start, end, "exchange_outage") for start, end in hole.absent)


def rest(hole: Hole) -> Hole:
    """The undecided part of a hole as a hole of its own; the chain of trade ids goes on through it."""
    known = hole.first_trade is not None and hole.trades is not None
    first_trade = (hole.first_trade or 0) + (hole.trades or 0) if known else None
    return replace(hole, start=hole.front, repaired=(), absent=(), first_trade=first_trade, trades=0)


def _extend(interval: Interval, runs: tuple[Run, ...], run: Run) -> tuple[Run, ...]:
    if runs and interval.next(runs[-1][1]) == run[0]:
        return (*runs[:-1], (runs[-1][0], run[1]))
    return (*runs, run)


def _add_trades(trades: int | None, candles: tuple[Candle, ...]) -> int | None:
    for candle in candles:
        if trades is None or candle.trades is None:
            return None
        trades += candle.trades
    return trades
