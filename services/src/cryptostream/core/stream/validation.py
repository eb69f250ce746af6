"""RAW → VALIDATED: whether a record can be true. Pure, and on the hot path of the consumer."""

from collections.abc import Callable
from math import inf, nextafter
from typing import Annotated, Final

import msgspec

from cryptostream.core.market.candle import CandleRecord, ValidatedCandle
from cryptostream.core.market.interval import INTERVALS, Interval, Millis
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.symbols import safe_convert
from cryptostream.core.result import Err, Ok, Result

PRICES: Final = ("open", "high", "low", "close")
VOLUMES: Final = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")

_LARGEST: Final = nextafter(inf, 0.0)
_Price = Annotated[float, msgspec.Meta(gt=0, le=_LARGEST)]
_Volume = Annotated[float, msgspec.Meta(ge=0, le=_LARGEST)]


class ValidationRules(msgspec.Struct, frozen=True):
    """What a stream accepts: its symbols and intervals, and how far a price may move.

    `max_move` is a fraction (0.5 is 50 %): a close further than that from the one before is aberrant, and is
    refused if `reject_aberrant`, else flagged. `skew_ms` is how far the clocks may be apart.
    """

    symbols: frozenset[str]
    intervals: frozenset[str]
    max_move: float
    reject_aberrant: bool
    skew_ms: Millis


class _Numbers(msgspec.Struct):
    """The decimals of a record, all within bounds. Converted in one go: eight calls of `float` take twice as long."""

    open: _Price
    high: _Price
    low: _Price
    close: _Price
    volume: _Volume
    quote_volume: _Volume | None
    taker_buy_volume: _Volume | None
    taker_buy_quote_volume: _Volume | None


Check = Callable[[CandleRecord, float | None], Result[ValidatedCandle, Rejected]]
"""A record, and the close of the candle directly before it if that is known: else its own open stands for it."""


def validate(
    record: CandleRecord,
    *,
    rules: ValidationRules,
    now: Millis,
    previous_close: float | None,
    listing: Millis | None,
) -> Result[ValidatedCandle, Rejected]:
    """Check `record`; the first thing wrong with it is the reason of the `Err`."""
    fault = _place_fault(record, rules)
    if fault is not None:
        return Err(fault)
    return checker(rules, INTERVALS[record.interval], now=now, listing=listing)(record, previous_close)


def checker(rules: ValidationRules, interval: Interval, *, now: Millis, listing: Millis | None) -> Check:
    """The check of records of one series.

    Parameters
    ----------
    now
        Exchange time in ms.
    listing
        First open time that the exchange has of this series, if it is known.
    """
    earliest, latest = listing or 0, now + rules.skew_ms
    in_time = _in_time(interval, earliest, latest)

    def check(record: CandleRecord, previous_close: float | None) -> Result[ValidatedCandle, Rejected]:
        fault = None if in_time(record) else _time_fault(record, interval, earliest, latest)
        fault = fault or _trades_fault(record)
        if fault is not None:
            return Err(fault)
        try:
            numbers = msgspec.convert(record, _Numbers, strict=False, from_attributes=True)
        except msgspec.ValidationError as error:
            return Err(_number_fault(record, str(error)))
        if not (numbers.low <= numbers.open <= numbers.high and numbers.low <= numbers.close <= numbers.high):
            return Err(_contradiction(record))
        before = numbers.open if previous_close is None else previous_close
        aberrant = abs(numbers.close - before) > rules.max_move * before
        if aberrant and rules.reject_aberrant:
            return Err(Rejected("aberrant_move", f"close {record.close} after {before}: above {rules.max_move:.2%}"))
        return Ok(_validated(record, numbers, flagged=aberrant))

    return check


def _validated(record: CandleRecord, numbers: _Numbers, *, flagged: bool) -> ValidatedCandle:
    return ValidatedCandle(
        record,
        numbers.open,
        numbers.high,
        numbers.low,
        numbers.close,
        numbers.volume,
        numbers.quote_volume,
        numbers.taker_buy_volume,
        numbers.taker_buy_quote_volume,
        flagged,
    )


def _place_fault(record: CandleRecord, rules: ValidationRules) -> Rejected | None:
    if record.symbol not in rules.symbols:
        return Rejected("unknown_symbol", f"the stream has no symbol {record.symbol[:80]!r}")
    if record.interval not in rules.intervals or record.interval not in INTERVALS:
        return Rejected("unknown_interval", f"the stream has no interval {record.interval[:80]!r}")
    return None


def _in_time(interval: Interval, earliest: Millis, latest: Millis) -> Callable[[CandleRecord], bool]:
    """Whether `_time_fault` finds nothing, in a tenth of the time; of a calendar month that is not said."""
    step, anchor = interval.step, interval.anchor

    def in_time(record: CandleRecord) -> bool:
        open_time, close_time = record.open_time, record.close_time
        return (
            earliest <= open_time <= close_time < open_time + step
            and close_time <= latest
            and ((open_time - anchor) % step == 0)
        )

    return _never if interval.is_month else in_time


def _never(_: CandleRecord) -> bool:
    return False


def _time_fault(record: CandleRecord, interval: Interval, earliest: Millis, latest: Millis) -> Rejected | None:
    """Times on the grid and between listing and clock. The grid comes last: a calendar ends with the year 9999."""
    open_time, close_time = record.open_time, record.close_time
    if open_time < earliest:
        return Rejected("too_early", f"open_time {open_time} lies before the listing at {earliest}")
    if open_time > latest:
        return Rejected("in_future", f"open_time {open_time} lies after {latest}")
    index = interval.index(open_time)
    if interval.open_at(index) != open_time:
        return Rejected("off_grid", f"open_time {open_time} is no open time of {record.interval}")
    scheduled = interval.open_at(index + 1) - 1
    if not open_time <= close_time <= scheduled:
        return Rejected("bad_close_time", f"close_time {close_time} lies outside [{open_time}, {scheduled}]")
    if close_time > latest:
        return Rejected("in_future", f"close_time {close_time} lies after {latest}")
    return None


def _trades_fault(record: CandleRecord) -> Rejected | None:
    trades, first, last = record.trades, record.first_trade_id, record.last_trade_id
    if record.revision < 0 or (trades is not None and trades < 0):
        return Rejected("negative", f"trades {trades}, revision {record.revision}: neither is below 0")
    if first is None and last is None:
        return None
    if first is None or last is None or first < 0 or last < first:
        return Rejected("bad_trade_ids", f"first_trade_id {first} and last_trade_id {last} are no range")
    if trades is not None and last - first + 1 != trades:
        return Rejected("bad_trade_ids", f"{trades} trades cannot have the ids {first} to {last}")
    return None


def _number_fault(record: CandleRecord, detail: str) -> Rejected:
    for name in (*PRICES, *VOLUMES):
        text = getattr(record, name)
        number = Ok(1.0) if text is None and name in VOLUMES[1:] else safe_convert(text, name)
        if isinstance(number, Err):
            return number.error
        if number.value < 0 or (number.value == 0 and name in PRICES):
            least = "above 0" if name in PRICES else "0 or more"
            return Rejected("negative", f"{name} is {text[:80]}: it must be {least}")
    return Rejected("bad_number", detail)


def _contradiction(record: CandleRecord) -> Rejected:
    stated = ", ".join(f"{name} {getattr(record, name)[:40]}" for name in PRICES)
    return Rejected("inconsistent", f"{stated}: open and close must lie between low and high")
