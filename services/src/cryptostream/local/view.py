"""One picture of a running stream, joined from what producer and consumer say of themselves. Pure."""

from collections.abc import Mapping

import msgspec

from cryptostream.consumer.freshness import Percentiles
from cryptostream.consumer.snapshot import ConsumerSnapshot, SeriesSnapshot
from cryptostream.core.market.gap import Cause, open_candles
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.producer.snapshot import ProducerSnapshot, SeriesProgress


class SeriesView(msgspec.Struct, frozen=True):
    """One series: candles expected and stored since its start, gaps by cause, how old its newest candle is."""

    series: Series
    start: Millis
    next_open: Millis
    newest_open: Millis | None
    newest_close: Millis | None
    age_seconds: float | None
    expected: int
    stored: int
    duplicates: int
    dead_lettered: int
    gaps: Mapping[Cause, int]
    freshness: Percentiles
    history_left: int
    status: str

    @property
    def completeness(self) -> float:
        """Stored ÷ expected; nothing expected is complete."""
        return min(1.0, self.stored / self.expected) if self.expected else 1.0

    @property
    def open_gaps(self) -> int:
        """Candles missing that the exchange may still have."""
        return open_candles(self.gaps)


class StreamView(msgspec.Struct, frozen=True):
    """All series of a stream at exchange time `now`."""

    now: Millis
    series: tuple[SeriesView, ...]
    rate: float
    published: int
    fault: str | None
    complete: bool
    settled: bool

    @property
    def stored(self) -> int:
        return sum(each.stored for each in self.series)


def view_of(
    producer: ProducerSnapshot, consumer: ConsumerSnapshot, before: Mapping[Series, int], now: Millis
) -> StreamView:
    """Join the snapshots; `before` counts what was stored when the run began."""
    consumed = {each.series: each for each in consumer.series}
    series = tuple(
        _series(each, consumed.get(each.series), before.get(each.series, 0), now) for each in producer.series
    )
    return StreamView(
        now=now,
        series=tuple(sorted(series, key=_order)),
        rate=consumer.rate,
        published=sum(each.published for each in producer.series),
        fault=consumer.fault,
        complete=producer.complete,
        settled=consumer.settled,
    )


def _order(view: SeriesView) -> tuple[str, int]:
    return view.series.symbol, INTERVALS[view.series.interval].step


def _series(progress: SeriesProgress, consumed: SeriesSnapshot | None, before: int, now: Millis) -> SeriesView:
    newest = consumed.newest_open if consumed else None
    close = None if newest is None else INTERVALS[progress.series.interval].close_time(newest)
    counts = consumed.counts if consumed else None
    return SeriesView(
        series=progress.series,
        start=progress.start,
        next_open=progress.next_open,
        newest_open=newest,
        newest_close=close,
        age_seconds=None if close is None else (now - close) / 1000,
        expected=progress.expected,
        stored=before + (counts.stored - counts.revisions if counts else 0),
        duplicates=counts.duplicates if counts else 0,
        dead_lettered=counts.dead_lettered if counts else 0,
        gaps=progress.gaps,
        freshness=consumed.freshness if consumed else Percentiles(),
        history_left=progress.history_left,
        status=progress.status,
    )
