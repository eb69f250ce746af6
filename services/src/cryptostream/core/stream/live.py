"""The live lane of one series: candles in order, deadlines, and the hole that may hold it for three seconds. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from cryptostream.core.market.candle import Candle
from cryptostream.core.market.chain import follows
from cryptostream.core.market.interval import Interval, Millis
from cryptostream.core.stream.holes import open_hole
from cryptostream.core.stream.runs import Run
from cryptostream.core.stream.series_state import Hole, Live, Note, ProducerConfig

MISSES_UNTIL_SILENT = 3


def hold(live: Live, candles: Iterable[Candle], now: Millis) -> tuple[Live, int]:
    """Keep `candles` at or after the cursor until their turn; also returns how many were held already."""
    held = {candle.open_time: candle for candle in live.held}
    repeats = 0
    for candle in candles:
        repeats += candle.open_time in held
        held.setdefault(candle.open_time, candle)
    ordered = tuple(held[open_time] for open_time in sorted(held))
    waits = bool(ordered) and ordered[0].open_time > live.next
    since = (live.held_since or now) if waits else None
    return replace(live, held=ordered, held_since=since), repeats


def release(interval: Interval, live: Live, now: Millis) -> tuple[Live, tuple[Candle, ...], tuple[Note, ...]]:
    """Take the candles that are next in order, and check each against the chain of trade ids.

    What is held behind them waits for another candle, from now on.
    """
    cursor, trade, taken = live.next, live.trade, 0
    notes: list[Note] = []
    for candle in live.held:
        if candle.open_time != cursor:
            break
        if follows(None if trade is None else trade - 1, candle.first_trade_id) is False:
            notes.append(Note("chain_break", detail=f"{candle.open_time}: expected {trade}, {candle.first_trade_id}"))
        cursor, trade, taken = interval.next(cursor), next_trade(trade, candle), taken + 1
    if not taken:
        return live, (), ()
    rest = live.held[taken:]
    since = now if rest else None
    released = replace(live, next=cursor, trade=trade, held=rest, held_since=since, attempts=0, retry_at=0)
    return released, live.held[:taken], tuple(notes)


def next_trade(trade: int | None, candle: Candle) -> int | None:
    """Id that the first trade after `candle` must have, given the id its own first trade must have."""
    if candle.last_trade_id is not None:
        return candle.last_trade_id + 1
    if trade is None or candle.trades is None:
        return None
    return trade + candle.trades


def deadline(config: ProducerConfig, interval: Interval, live: Live) -> Millis:
    """When the next candle is asked for by REST because it did not come by itself."""
    wait = config.deadline_fast if interval.name == "1s" else config.deadline
    return interval.close_time(live.next) + wait


def overdue(config: ProducerConfig, interval: Interval, live: Live, now: Millis) -> Run | None:
    """What the live lane waits for no longer: it becomes a hole of the past and live goes on.

    A hole before held candles holds the lane for `config.hold`; where nothing arrives at all, a candle is
    given up as live once its close and the grace have passed.
    """
    if live.held and live.held_since is not None and now - live.held_since >= config.hold:
        return live.next, interval.shift(live.held[0].open_time, -1)
    if live.held or now <= interval.close_time(live.next) + config.grace:
        return None
    newest = interval.shift(interval.floor(now - config.grace), -1)
    return (live.next, newest) if newest >= live.next else None


def carve(interval: Interval, live: Live, run: Run, now: Millis) -> tuple[Live, Hole]:
    """Move the cursor behind `run`, which becomes a hole that knows the trade ids around it."""
    following = live.held[0].first_trade_id if live.held else None
    hole = replace(open_hole(run, history=False, now=now), first_trade=live.trade, next_trade=following)
    moved = replace(live, next=interval.next(run[1]), held_since=None, trade=None, attempts=0, retry_at=0)
    return moved, hole


def missed(interval: Interval, live: Live, now: Millis) -> int:
    """How many candles at and after the cursor have closed by now."""
    return interval.count(live.next, interval.floor(now)) if interval.floor(now) > live.next else 0
