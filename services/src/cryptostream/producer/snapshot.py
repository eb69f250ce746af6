"""What others may know of a running producer: frozen values, made from its states. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from cryptostream.core.market.gap import Cause
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.stream.account import expected, missing
from cryptostream.core.stream.runs import size
from cryptostream.core.stream.series_state import ProducerConfig, SeriesState


class SeriesProgress(msgspec.Struct, frozen=True):
    """One series: what it should have, what is missing and why, what is left of its history (candles).

    `published` and `duplicates` are of this run, `published_ever` is of all.
    """

    series: Series
    start: Millis
    next_open: Millis
    expected: int
    published: int
    duplicates: int
    gaps: Mapping[Cause, int]
    history_left: int
    history_size: int
    status: str
    published_ever: int = 0


class ProducerSnapshot(msgspec.Struct, frozen=True):
    """The producer at a moment.

    `records` counts what this run has written to the log, revisions too. `begun`: it has taken over and knows what
    there is; `complete`: no hole is open. Nothing is asked before `banned_until`, because others were told so.
    """

    series: tuple[SeriesProgress, ...]
    records: int
    cycles: int
    complete: bool
    begun: bool = True
    generation: int = 0
    banned_until: Millis | None = None


def snapshot_of(
    config: ProducerConfig, states: Iterable[SeriesState], now: Millis, *, records: int = 0, cycles: int = 0
) -> ProducerSnapshot:
    """The snapshot of `states` at exchange time `now`."""
    held = tuple(states)
    series = tuple(_progress(config, state, now) for state in sorted(held, key=lambda each: each.series))
    return ProducerSnapshot(series, records, cycles, complete=not any(state.holes for state in held))


def _progress(config: ProducerConfig, state: SeriesState, now: Millis) -> SeriesProgress:
    interval = state.interval
    history = [hole for hole in state.holes if hole.lane == "history"]
    return SeriesProgress(
        series=state.series,
        start=state.spans[0][0],
        next_open=state.live.next,
        expected=expected(config, state, now),
        published=state.published,
        duplicates=state.duplicates,
        gaps=missing(config, state, now),
        history_left=sum(size(interval, (hole.front, hole.end)) for hole in history),
        history_size=sum(size(interval, (hole.start, hole.end)) for hole in history),
        status=state.status,
        published_ever=state.earlier + state.published,
    )
