"""The audit: what was published against what the exchange says later; a restatement is a new revision. Pure."""

import math
from itertools import groupby

import numpy as np
from msgspec.structs import replace

from cryptostream.core.market.candle import Candle, CandleTable
from cryptostream.core.market.interval import DAY, MINUTE, Interval, Millis
from cryptostream.core.stream.series_state import Audit, Note, ProducerConfig, Publish

DAILY_AT = 30 * MINUTE
"""The past day is audited at 00:30 UTC."""

COMPARED = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "trades",
    "close_time",
)


def first_audit(config: ProducerConfig, since: Millis, now: Millis) -> Audit:
    """Audits of what is published from `since` on; none where the configuration asks for none."""
    if config.audit_every is None:
        return Audit(since=since)
    return Audit(since=since, next_at=now + config.audit_every, next_day=_after(now))


def due(config: ProducerConfig, interval: Interval, audit: Audit, start: Millis, now: Millis) -> Audit:
    """Add the runs whose time has come: five minutes after close, and the past day (not before `start`)."""
    if config.audit_every is not None and audit.next_at is not None and now >= audit.next_at:
        until = interval.floor(now - config.audit_delay)
        if until > audit.since:
            run = (audit.since, interval.shift(until, -1))
            audit = replace(audit, runs=(*audit.runs, run), since=until)
        audit = replace(audit, next_at=now + config.audit_every)
    if audit.next_day is not None and now >= audit.next_day:
        midnight = audit.next_day - DAILY_AT
        first = max(interval.ceil(midnight - DAY), start)
        last = interval.shift(interval.floor(midnight), -1)
        runs = (*audit.runs, (first, last)) if first <= last else audit.runs
        audit = replace(audit, runs=runs, next_day=_after(now))
    return audit


def _after(now: Millis) -> Millis:
    return (now - DAILY_AT) // DAY * DAY + DAY + DAILY_AT


def advance(interval: Interval, audit: Audit, rows: tuple[Candle, ...], page: int) -> Audit:
    """Go on behind the audited rows; a page that is not full has told all there is."""
    (start, end), rest = audit.runs[0], audit.runs[1:]
    seen = interval.next(rows[-1].open_time) if len(rows) >= page else interval.next(end)
    runs = ((max(seen, start), end), *rest) if seen <= end else rest
    return replace(audit, runs=runs, asked=False, attempts=0, retry_at=0)


def restated(rows: tuple[Candle, ...], published: CandleTable) -> tuple[tuple[Publish, ...], tuple[Note, ...]]:
    """New revisions of the `rows` that differ from what was published, grouped by revision.

    Only figures that both sides state are compared, as the floats a store holds; a candle that is not
    published is not a restatement.
    """
    changed: list[tuple[int, Candle]] = []
    for row in rows:
        at = int(np.searchsorted(published.open_time, row.open_time))
        if at < len(published) and published.open_time[at] == row.open_time and _differs(row, published, at):
            changed.append((int(published.revision[at]) + 1, row))
    effects = tuple(
        Publish(tuple(row for _, row in group), "repair", revision)
        for revision, group in groupby(changed, key=lambda pair: pair[0])
    )
    notes = (Note("restated", len(changed), f"from {changed[0][1].open_time}"),) if changed else ()
    return effects, notes


def _differs(row: Candle, published: CandleTable, at: int) -> bool:
    for name in COMPARED:
        new, old = getattr(row, name), getattr(published, name)[at]
        if new is None or math.isnan(old) or (name == "trades" and old < 0):
            continue
        if float(new) != float(old):
            return True
    return False
