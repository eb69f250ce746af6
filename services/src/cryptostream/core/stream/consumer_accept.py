"""RAW → VALIDATED for the arrivals of one series: each record is stored, a duplicate, or a dead letter. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from operator import lt

from msgspec.structs import replace

from cryptostream.core.market.candle import CandleRecord, CandleTable, ValidatedCandle
from cryptostream.core.market.interval import INTERVALS, Interval, Millis
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.table import between, table_of
from cryptostream.core.ports import DeadLetter, LogRecord
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_letters import letter
from cryptostream.core.stream.consumer_state import Arrival, Counts
from cryptostream.core.stream.validation import ValidationRules, checker
from cryptostream.core.stream.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """What the arrivals of one series come to: `candles` ascend, each at its newest revision, as in `rows`.

    `again` are the open times, ascending, of records whose candle was stored at just this revision, `repeated` those of
    these candles that are valid; `in_order` says that each record was of a later candle than the one before it.
    """

    candles: tuple[ValidatedCandle, ...]
    rows: CandleTable
    letters: tuple[DeadLetter, ...]
    duplicates: tuple[LogRecord, ...]
    again: tuple[Millis, ...]
    repeated: tuple[ValidatedCandle, ...]
    in_order: bool
    counts: Counts
    live: tuple[Millis, ...]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What is known, by open time, of what is stored and of this batch so far; grows with each record."""

    revisions: dict[Millis, int]
    closes: dict[Millis, float]
    chosen: dict[Millis, ValidatedCandle]
    letters: list[DeadLetter]
    duplicates: list[LogRecord]
    again: dict[Millis, ValidatedCandle | None]
    revised: list[Millis]
    fresh: list[CandleRecord]


def accept(
    rules: ValidationRules,
    listing: Millis | None,
    windows: Sequence[Window],
    arrivals: Sequence[Arrival],
    now: Millis,
) -> Accepted:
    """Judge `arrivals` in their order, given all stored rows around them.

    A record is a duplicate where its candle is stored at this or a newer revision. Its move is taken from the
    candle directly before it, if that is stored, else from its own open: so a crash that is rejected as
    aberrant does not reject what follows it, whatever was restarted in between.
    """
    interval = INTERVALS[arrivals[0].record.interval]
    opens = [arrival.record.open_time for arrival in arrivals]
    desk = _desk(windows, interval, opens)
    check = checker(rules, interval, now=now, listing=listing)
    check_again = checker(replace(rules, reject_aberrant=False), interval, now=now, listing=listing)
    for arrival in arrivals:
        log, record = arrival
        open_time = record.open_time
        before = interval.shift(open_time, -1) if interval.is_month else open_time - interval.step
        stored = desk.revisions.get(open_time, -1)
        if stored < record.revision:
            _enter(desk, arrival, check(record, desk.closes.get(before)), now)
        else:
            desk.duplicates.append(log)
            if stored == record.revision:
                result = check_again(record, desk.closes.get(before))
                desk.again[open_time] = result.value if isinstance(result, Ok) else None
    candles = tuple(desk.chosen[open_time] for open_time in sorted(desk.chosen))
    counts = Counts(len(desk.fresh) + len(desk.revised), len(desk.revised), len(desk.duplicates), len(desk.letters))
    return Accepted(
        candles=candles,
        rows=table_of(candles),
        letters=tuple(desk.letters),
        duplicates=tuple(desk.duplicates),
        again=tuple(sorted(desk.again)),
        repeated=tuple(each for _, each in sorted(desk.again.items()) if each is not None),
        in_order=all(map(lt, opens, islice(opens, 1, None))),
        counts=counts,
        live=tuple(record.open_time for record in desk.fresh if record.lane == "live"),
    )


def _enter(desk: _Desk, arrival: Arrival, result: Result[ValidatedCandle, Rejected], now: Millis) -> None:
    """Enter the outcome of a record's validation."""
    log, record = arrival
    open_time = record.open_time
    if isinstance(result, Err):
        desk.letters.append(letter(log, result.error, "validate", now, record))
        return
    if open_time in desk.revisions:
        desk.revised.append(open_time)
    else:
        desk.fresh.append(record)
    desk.chosen[open_time] = result.value
    desk.revisions[open_time] = record.revision
    desk.closes[open_time] = result.value.close


def _desk(windows: Sequence[Window], interval: Interval, opens: Sequence[Millis]) -> _Desk:
    """The desk with everything stored around `opens`."""
    first, last = interval.shift(interval.floor(min(opens)), -1), max(opens)
    desk = _Desk({}, {}, {}, [], [], {}, [], [])
    for window in windows:
        rows = between(window.rows, first, last + 1)
        times = rows.open_time.tolist()
        desk.revisions.update(zip(times, rows.revision.tolist(), strict=True))
        desk.closes.update(zip(times, rows.close.tolist(), strict=True))
    return desk
