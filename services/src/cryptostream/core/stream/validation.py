"""VALIDATED: what a record must be before it is stored. Pure, and on the hot path."""

from math import isfinite

import msgspec

from cryptostream.core.market.candle import CandleRecord, ValidatedCandle
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.reject import Rejected
from cryptostream.core.result import Err, Ok, Result


class ValidationRules(msgspec.Struct, frozen=True):
    """What a stream accepts. `max_move` is a fraction (0.5: half), `skew_ms` how far clocks may differ."""

    symbols: frozenset[str]
    intervals: frozenset[str]
    max_move: float
    reject_aberrant: bool
    skew_ms: Millis


def validate(
    record: CandleRecord,
    *,
    rules: ValidationRules,
    now: Millis,
    previous_close: float | None,
    listing: Millis | None,
) -> Result[ValidatedCandle, Rejected]:
    """Check everything that a candle says of itself.

    Parameters
    ----------
    previous_close
        Last close seen before this candle; without it the move is taken from the candle's own open.
    listing
        First open time that the exchange has of this series, if known.
    """
    fault = _identity_fault(record, rules) or _time_fault(record, rules, now, listing) or _trades_fault(record)
    if fault:
        return Err(fault)
    try:
        low, high = float(record.low), float(record.high)
        open_, close, volume = float(record.open), float(record.close), float(record.volume)
        quote_volume = _optional(record.quote_volume)
        taker = _optional(record.taker_buy_volume)
        taker_quote = _optional(record.taker_buy_quote_volume)
    except ValueError as error:
        return Err(Rejected("bad_number", str(error)))
    fault = _price_fault(open_, high, low, close) or _volume_fault(volume, quote_volume, taker, taker_quote)
    if fault:
        return Err(fault)
    before = previous_close or open_
    aberrant = abs(close - before) > rules.max_move * before
    if aberrant and rules.reject_aberrant:
        return Err(Rejected("aberrant_move", f"close {record.close} after {before}: above {rules.max_move:.2%}"))
    return Ok(
        ValidatedCandle(record, open_, high, low, close, volume, quote_volume, taker, taker_quote, flagged=aberrant)
    )


def _optional(text: str | None) -> float | None:
    return None if text is None else float(text)


def _identity_fault(record: CandleRecord, rules: ValidationRules) -> Rejected | None:
    if record.symbol not in rules.symbols:
        return Rejected("unknown_symbol", f"{record.symbol} is not of this stream")
    if record.interval not in rules.intervals:
        return Rejected("unknown_interval", f"{record.interval} is not of this stream")
    return None


def _time_fault(record: CandleRecord, rules: ValidationRules, now: Millis, listing: Millis | None) -> Rejected | None:
    interval, open_time = INTERVALS[record.interval], record.open_time
    index = interval.index(open_time)
    if interval.open_at(index) != open_time:
        return Rejected("off_grid", f"open time {open_time} is not on the grid of {record.interval}")
    scheduled = interval.open_at(index + 1) - 1
    if not open_time <= record.close_time <= scheduled:
        return Rejected("bad_close_time", f"close time {record.close_time} is not in [{open_time}, {scheduled}]")
    if scheduled > now + rules.skew_ms:
        return Rejected("in_future", f"closes at {scheduled}, and it is {now}")
    if listing is not None and open_time < listing:
        return Rejected("too_early", f"opens at {open_time}, and the market at {listing}")
    return None


def _trades_fault(record: CandleRecord) -> Rejected | None:
    trades, first, last = record.trades, record.first_trade_id, record.last_trade_id
    if trades is not None and trades < 0:
        return Rejected("negative", f"trades {trades}")
    if first is None or last is None or trades is None:
        return None
    if last - first + 1 != trades:
        return Rejected("bad_trade_ids", f"{trades} trades with ids {first} to {last}")
    return None


def _price_fault(open_: float, high: float, low: float, close: float) -> Rejected | None:
    if low <= open_ <= high and low <= close <= high and low > 0 and isfinite(high):
        return None
    if not all(map(isfinite, (open_, high, low, close))):
        return Rejected("bad_number", "a price is not finite")
    if min(open_, high, low, close) <= 0:
        return Rejected("negative", "a price is not above zero")
    return Rejected("inconsistent", f"open {open_}, high {high}, low {low}, close {close}")


def _volume_fault(*volumes: float | None) -> Rejected | None:
    for volume in volumes:
        if volume is None:
            continue
        if not isfinite(volume):
            return Rejected("bad_number", "a volume is not finite")
        if volume < 0:
            return Rejected("negative", f"volume {volume}")
    return None
