"""What an earlier run decided of its open gaps, as closed entries of the ledger. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from cryptostream.core.market.gap import BY_CONSUMER, Cause, Gap
from cryptostream.core.market.interval import Interval, Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.stream.runs import Run, size, union, within, without


def decided(gaps: tuple[Gap, ...], progress: Progress | None) -> tuple[Run, ...]:
    """Runs proved absent in gaps that are still open: the checkpoint alone knows them."""
    if progress is None:
        return ()
    opened = {gap.start for gap in gaps if gap.state == "open"}
    return tuple(run for front in progress.fronts if front.start in opened for run in front.absent)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the open times of a series, as ascending runs within its `reach`.

    `missing` ones are undecided, and each has an open entry of its own. `absent` ones the exchange does not have;
    the `proved` ones among them have no entry yet.
    """

    reach: Run
    missing: tuple[Run, ...]
    absent: tuple[Run, ...]
    proved: tuple[Run, ...]


def settled(interval: Interval, gaps: tuple[Gap, ...], judged: Judged, now: Millis) -> Iterable[Gap]:
    """Closed entries for the decided parts of open gaps, such that the entry at the start of each is replaced."""
    yield from (heard(gap, now) for gap in gaps if _is_named_by_others(gap))
    undone = union(interval, (*judged.missing, *judged.absent))
    opened = {first for first, _ in judged.missing}
    for gap in gaps:
        if gap.state != "open" or _is_named_by_others(gap):
            continue
        run = (max(gap.start, judged.reach[0]), min(gap.end, judged.reach[1]))
        parts = [_closed(interval, gap, part, _cause(gap), now) for part in without(interval, run, undone)]
        parts += [_closed(interval, gap, part, "exchange_outage", now) for part in within(run, judged.proved)]
        yield from parts
        if gap.start not in {part.start for part in parts} | opened:
            yield _nothing_of(gap, now)


def heard(named: Gap, now: Millis) -> Gap:
    """The closed entry of a gap that others have named: from now on it is the producer's own."""
    return replace(named, state="closed", resolved_at=now)


def _is_named_by_others(gap: Gap) -> bool:
    return gap.state == "open" and gap.evidence == BY_CONSUMER


def _nothing_of(gap: Gap, now: Millis) -> Gap:
    """A closed entry of no candles, for a gap of which all is in other entries."""
    closed = replace(gap, end=gap.start, candles=0, cause=_cause(gap), state="closed")
    return replace(closed, resolved_at=now, evidence="log", proof="none")


def _cause(gap: Gap) -> Cause:
    return "expired" if gap.cause == "expired" else "pending"


def _closed(interval: Interval, gap: Gap, run: Run, cause: Cause, now: Millis) -> Gap:
    return replace(
        gap,
        start=run[0],
        end=run[1],
        candles=size(interval, run),
        cause=cause,
        state="closed",
        resolved_at=now,
        evidence="rest" if cause == "exchange_outage" else "log",
        proof="rest",
    )
