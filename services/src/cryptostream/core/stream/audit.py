"""The audit: what was published against what the exchange says later; a restatement is a new revision. Pure."""

import math
from itertools import groupby

import numpy as np
from msgspec.structs import replace

from cryptostream.core.market.candle import Candle, CandleTable
from cryptostream.core.market.interval import DAY, MINUTE, Interval, Millis
from cryptostream.core.stream.runs import Run
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
            audit = replace(audit, runs=_queued(interval, audit, run), since=until)
        audit = replace(audit, next_at=now + config.audit_every)
    if audit.next_day is not None and now >= audit.next_day:
        midnight = audit.next_day - DAILY_AT
        first = max(interval.ceil(midnight - DAY), start)
        last = interval.shift(interval.floor(midnight), -1)
        runs = (*audit.runs, (first, last)) if first <= last else audit.runs
        audit = replace(audit, runs=runs, next_day=_after(now))
    return audit


def _queued(interval: Interval, audit: Audit, run: Run) -> tuple[Run, ...]:
    """While audits cannot be made, the last run grows; one that has been asked for stays as it is."""
    *before, last = audit.runs or (None,)
    if last is None or interval.next(last[1]) != run[0] or (audit.asked and not before):
        return (*audit.runs, run)
    return (*audit.runs[:-1], (last[0], run[1]))


def _after(now: Millis) -> Millis:
    return (now - DAILY_AT) // DAY * DAY + DAY + DAILY_AT


def advance(interval: Interval, audit: Audit, rows: tuple[Candle, ...], page: int) -> Audit:
    """Go on behind the audited rows; a page that is not full has told all there is."""
    (start, end), rest = audit.runs[0], audit.runs[1:]
    seen = interval.next(rows[-1].open_time) if len(rows) >= page else interval.next(end)
    runs = ((max(seen, start), end), *rest) if seen <= end else rest
    return replace(audit, runs=runs, asked=False, attempts=0, retry_at=0)


def restated(
    audit: Audit, rows: tuple[Candle, ...], published: CandleTable
) -> tuple[Audit, tuple[Publish, ...], tuple[Note, ...]]:
    """New revisions of the `rows` that differ from what was published, grouped by revision.

    Only figures that both sides state are compared, as the floats a store holds; a candle that is not
    published is not a restatement. `published` may lack the newest revisions: those are remembered in the audit.
    """
    ours = {candle.open_time: (revision, candle) for revision, candle in audit.revised}
    changed: list[tuple[int, Candle]] = []
    for row in rows:
        at = int(np.searchsorted(published.open_time, row.open_time))
        if at == len(published) or published.open_time[at] != row.open_time:
            continue
        revision, known = int(published.revision[at]), _figures_shown(published, at)
        if row.open_time in ours and ours[row.open_time][0] > revision:
            revision, known = ours[row.open_time][0], _figures(ours[row.open_time][1])
        if _differs(_figures(row), known):
            changed.append((revision + 1, row))
    effects = tuple(
        Publish(tuple(row for _, row in group), "repair", revision)
        for revision, group in groupby(changed, key=lambda pair: pair[0])
    )
    notes = (Note("restated", len(changed), f"from {changed[0][1].open_time}"),) if changed else ()
    return replace(audit, revised=_remembered(audit, changed)), effects, notes


def _remembered(audit: Audit, changed: list[tuple[int, Candle]]) -> tuple[tuple[int, Candle], ...]:
    """What no audit will look at any more is forgotten."""
    again = {candle.open_time for _, candle in changed}
    kept = (pair for pair in audit.revised if pair[1].open_time not in again)
    return (*(pair for pair in kept if pair[1].open_time >= audit.since - 2 * DAY), *changed)


def _figures_shown(published: CandleTable, at: int) -> dict[str, float | None]:
    stated = {name: float(getattr(published, name)[at]) for name in COMPARED}
    return {name: None if math.isnan(value) or value < 0 else value for name, value in stated.items()}


def _figures(candle: Candle) -> dict[str, float | None]:
    stated = {name: getattr(candle, name) for name in COMPARED}
    return {name: None if value is None else float(value) for name, value in stated.items()}


def _differs(new: dict[str, float | None], old: dict[str, float | None]) -> bool:
    return any(None not in {new[name], old[name]} and new[name] != old[name] for name in COMPARED)
