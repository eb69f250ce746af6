"""RAW → VALIDATED for the arrivals of one series: each record is stored, a duplicate, or a dead letter. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptostream.core.market.candle import CandleTable, ValidatedCandle
from cryptostream.core.market.interval import INTERVALS, Interval, Millis
from cryptostream.core.market.table import between, table_of
from cryptostream.core.ports import DeadLetter
from cryptostream.core.result import Err
from cryptostream.core.stream.consumer_read import letter
from cryptostream.core.stream.consumer_state import Arrival, Counts, SeriesMemory
from cryptostream.core.stream.validation import ValidationRules, validate
from cryptostream.core.stream.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """What the arrivals of one series come to: `candles` ascend, each at its newest revision, as in `rows`."""

    candles: tuple[ValidatedCandle, ...]
    rows: CandleTable
    letters: tuple[DeadLetter, ...]
    counts: Counts
    live: tuple[Millis, ...]
    last_seen: tuple[Millis, float] | None


@dataclass(frozen=True, slots=True)
class _Known:
    """Revisions and closes by open time, of what is stored and of what was read before in this batch."""

    revisions: dict[Millis, int]
    closes: dict[Millis, float]


def accept(
    rules: ValidationRules,
    memory: SeriesMemory,
    windows: Sequence[Window],
    arrivals: Sequence[Arrival],
    now: Millis,
) -> Accepted:
    """Judge `arrivals` in their order, given all stored rows around them.

    A record is a duplicate where its candle is stored at this or a newer revision. A candle is compared with
    the one directly before it, even if that was rejected as aberrant: otherwise a real crash would reject all
    that follows.
    """
    interval = INTERVALS[arrivals[0].record.interval]
    known = _known(memory, windows, interval, arrivals)
    chosen: dict[Millis, ValidatedCandle] = {}
    letters: list[DeadLetter] = []
    live: list[Millis] = []
    stored = revisions = 0
    for log, record in arrivals:
        open_time = record.open_time
        revision = known.revisions.get(open_time)
        if revision is not None and revision >= record.revision:
            continue
        previous = known.closes.get(interval.shift(open_time, -1) if interval.is_month else open_time - interval.step)
        result = validate(record, rules=rules, now=now, previous_close=previous, listing=memory.listing)
        if isinstance(result, Err):
            letters.append(letter(log, result.error, "validate", now, record))
            if result.error.reason == "aberrant_move":
                known.closes[open_time] = float(record.close)
            continue
        stored += 1
        revisions += revision is not None
        if revision is None and record.lane == "live":
            live.append(open_time)
        chosen[open_time] = result.value
        known.revisions[open_time] = record.revision
        known.closes[open_time] = result.value.close
    candles = tuple(chosen[open_time] for open_time in sorted(chosen))
    return Accepted(
        candles=candles,
        rows=table_of(candles),
        letters=tuple(letters),
        counts=Counts(stored, revisions, len(arrivals) - stored - len(letters), len(letters)),
        live=tuple(live),
        last_seen=_last_seen(known.closes, arrivals) or memory.last_seen,
    )


def _known(memory: SeriesMemory, windows: Sequence[Window], interval: Interval, arrivals: Sequence[Arrival]) -> _Known:
    opens = [arrival.record.open_time for arrival in arrivals]
    first, last = interval.shift(interval.floor(min(opens)), -1), max(opens)
    known = _Known({}, {})
    for window in windows:
        rows = between(window.rows, first, last + 1)
        times = rows.open_time.tolist()
        known.revisions.update(zip(times, rows.revision.tolist(), strict=True))
        known.closes.update(zip(times, rows.close.tolist(), strict=True))
    if memory.last_seen is not None:
        known.closes.setdefault(*memory.last_seen)
    return known


def _last_seen(closes: Mapping[Millis, float], arrivals: Sequence[Arrival]) -> tuple[Millis, float] | None:
    open_time = arrivals[-1].record.open_time
    close = closes.get(open_time)
    return None if close is None else (open_time, close)
