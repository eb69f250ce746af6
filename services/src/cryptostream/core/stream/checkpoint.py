"""The checkpoint of a series: what a restart must know that gaps and the tail of the log do not tell. Pure."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import SECOND, Millis
from cryptostream.core.market.progress import Front, Progress
from cryptostream.core.stream import holes, life
from cryptostream.core.stream.begin import Past, series_next
from cryptostream.core.stream.resume import missing
from cryptostream.core.stream.series_state import Hole, SeriesState

EVERY_MICROS = 5 * SECOND * 1000
"""A series has no more than one checkpoint in this time, in µs."""


def progress_of(state: SeriesState, *, topic_offset: tuple[int, int] | None, generation: int, at: int) -> Progress:
    """The checkpoint of a state of which all effects are in the log, or are written with it.

    Parameters
    ----------
    topic_offset
        Partition and offset of a committed record, such that every record of the series that comes after it is among
        the effects of `state`.
    at
        Time of the checkpoint in µs.
    """
    return Progress(
        series=state.series,
        start=state.spans[0][0],
        next_open=state.live.next,
        last_trade_id=None if state.live.trade is None else state.live.trade - 1,
        published=state.earlier + state.published,
        duplicates_dropped=state.earlier_duplicates + state.duplicates,
        topic_offset=topic_offset,
        generation=generation,
        at=at,
        fronts=tuple(_front(hole) for hole in state.holes),
    )


def _front(hole: Hole) -> Front:
    return Front(hole.start, hole.end, hole.front, hole.absent)


def due_at(last: Progress | None, state: SeriesState) -> int:
    """When a checkpoint of `state` may be written, in µs.

    A hole over what the last one calls published cannot wait: a restart would take an older front for its own.
    """
    return 0 if last is None or _reopened(last, state) else last.at + EVERY_MICROS


def _reopened(last: Progress, state: SeriesState) -> bool:
    known = {front.start: front.front for front in last.fronts}
    behind = (hole for hole in state.holes if hole.start < last.next_open)
    return any(hole.front < known.get(hole.start, last.next_open) for hole in behind)


def is_news(last: Progress | None, now: Progress) -> bool:
    """Whether `now` says more than the time and where the log has come to."""
    return last is None or replace(now, at=last.at, topic_offset=last.topic_offset) != last


def untold_gaps(state: SeriesState) -> tuple[Gap, ...]:
    """Entries for holes which have grown since the ledger heard of them: the last words of a run."""
    grown = (hole for hole in state.holes if hole.ledgered < hole.end)
    return tuple(holes.gap_of(state.series, state.interval, hole) for hole in grown)


def past_of(state: SeriesState, news: Sequence[Gap], start: Millis, now: Millis) -> Past:
    """What a series left that was taken away and is to come back in the same run, complete from `start` on.

    `news` is what others have named since.
    """
    absent = (life.closed(state, (each.start, each.end), each.cause, now, now) for each in state.absences)
    opened = (holes.gap_of(state.series, state.interval, hole) for hole in state.holes)
    gaps = (*opened, *absent, *news)
    progress = progress_of(state, topic_offset=None, generation=0, at=now * 1000)
    newest = state.interval.shift(state.live.next, -1)
    end = series_next(state.interval, progress.start, newest, now)
    runs = missing(state.interval, progress, gaps, np.array([], dtype=np.int64), start, end)
    return Past(gaps, runs, newest, progress)
