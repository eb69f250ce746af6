"""Which enriched rows become stale through new candles, or through a listing that becomes known. Pure."""

from collections.abc import Iterable, Sequence

from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_reach import carried_by, last_changed, readers, reads
from cryptostream.core.stream.runs import Run
from cryptostream.core.stream.windows import BEGINNING, END, Window, find

Stale = Iterable[tuple[Series, Run]]
"""Rows by series; a run may reach beyond what is stored."""


def through_candles(config: ConsumerConfig, series: Series, run: Run, windows: Sequence[Window]) -> Stale:
    """Rows behind new candles in `run`, and rows of shorter series that carry their values.

    `windows` hold all rows stored behind `run` that it can change.
    """
    later = find(windows, (run[1] + 1, last_changed(config, series, run[1])))
    if len(later):
        yield series, (int(later.open_time[0]), int(later.open_time[-1]))
    for reader in readers(config, series):
        yield reader, carried_by(config, reader, series, run)


def through_beginning(config: ConsumerConfig, series: Series, former: Millis | None, first: Millis) -> Stale:
    """Rows whose flags change when the first stored candle is no longer `former` but `first`.

    Slots between the two turn from "before the series" into slots that a window must hold.
    """
    if former is not None:
        yield series, (former, last_changed(config, series, former))
    for reader in readers(config, series):
        start, _ = carried_by(config, reader, series, (first, first))
        yield reader, (start, END if former is None else carried_by(config, reader, series, (former, former))[1])


def through_listing(config: ConsumerConfig, series: Series, listing: Millis) -> Stale:
    """Rows that turn warm, or no longer are, when it becomes known that `series` was (not) listed at `listing`."""
    yield series, (BEGINNING, last_changed(config, series, listing))
    for longer in reads(config, series, (listing, listing)):
        start = INTERVALS[longer.interval].floor(listing)
        yield series, (BEGINNING, carried_by(config, series, longer, (start, start))[1])
