"""What a service says of itself at `/status`, made from the snapshots of its parts. Pure."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from cryptostream.consumer.snapshot import ConsumerSnapshot
from cryptostream.consumer.snapshot import SeriesSnapshot as ConsumedSeries
from cryptostream.core.codec.status import (
    ExchangeStatus,
    LogStatus,
    PartitionStatus,
    SeriesStatus,
    Status,
    StoreStatus,
    status_of,
)
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.ports import Place
from cryptostream.producer.snapshot import ProducerSnapshot, SeriesProgress


class Moment(msgspec.Struct, frozen=True):
    """Of which stream, which generation of its assignment, and when (ms of the exchange's clock) a status is."""

    stream: str
    generation: int
    now: Millis


def producer_status(at: Moment, shot: ProducerSnapshot, exchange: ExchangeStatus, log: LogStatus) -> Status:
    """The document of a producer."""
    return status_of(
        role="producer",
        stream=at.stream,
        generation=at.generation,
        observed_at=at.now * 1000,
        series=[_produced(each, at.now) for each in shot.series],
        exchange=replace(exchange, banned_until=_later(exchange.banned_until, shot.banned_until)),
        log=log,
    )


def consumer_status(
    at: Moment, shot: ConsumerSnapshot | None, lags: Mapping[Place, int], store: StoreStatus, log: LogStatus
) -> Status:
    """The document of a consumer, which has the series of its partitions only; `shot` None before it has begun."""
    return status_of(
        role="consumer",
        stream=at.stream,
        generation=at.generation,
        observed_at=at.now * 1000,
        series=[_consumed(each, at.now) for each in shot.series] if shot else (),
        partitions=tuple(_partitions(lags)),
        unplaced=shot.unplaced if shot else 0,
        store=store,
        log=log,
    )


def _produced(each: SeriesProgress, now: Millis) -> SeriesStatus:
    """Fresh is a series whose last candle before `next_open` has just closed."""
    return SeriesStatus(
        symbol=each.series.symbol,
        interval=each.series.interval,
        next_open=each.next_open,
        freshness_seconds=(now - each.next_open + 1) / 1000,
        expected=each.expected,
        gaps=dict(each.gaps),
        published=each.published,
        duplicates=each.duplicates,
        market=each.status,
    )


def _consumed(each: ConsumedSeries, now: Millis) -> SeriesStatus:
    newest = each.newest_open
    close = None if newest is None else INTERVALS[each.series.interval].close_time(newest)
    return SeriesStatus(
        symbol=each.series.symbol,
        interval=each.series.interval,
        newest_open=newest,
        freshness_seconds=None if close is None else (now - close) / 1000,
        stored=each.counts.stored,
        duplicates=each.counts.duplicates,
        dead_lettered=each.counts.dead_lettered,
        lag=_lag(each),
    )


def _later(one: Millis | None, other: Millis | None) -> Millis | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _lag(each: ConsumedSeries) -> int | None:
    """Candles published and not stored, as far as the producer's last checkpoint tells."""
    if each.newest_open is None or each.next_open is None:
        return None
    interval = INTERVALS[each.series.interval]
    return max(0, interval.count(interval.next(each.newest_open), each.next_open))


def _partitions(lags: Mapping[Place, int]) -> Iterable[PartitionStatus]:
    return (PartitionStatus(topic, partition, lag) for (topic, partition), lag in sorted(lags.items()))
