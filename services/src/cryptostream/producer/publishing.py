"""Turns `Publish` effects into records of the log. Pure but for the time of publication, which is given."""

from collections.abc import Iterable

from cryptostream.core.codec.record import encode, headers, record_of, topic
from cryptostream.core.ports import NewRecord
from cryptostream.core.stream.series_state import Publish
from cryptostream.producer.edges import Job


def records(job: Job, publish: Publish, published_at: int) -> Iterable[NewRecord]:
    """The records of one effect, in order; `published_at` in µs."""
    for candle in publish.candles:
        record = record_of(
            candle,
            symbol=job.symbols[candle.symbol],
            lane=publish.lane,
            revision=publish.revision,
            published_at=published_at,
            simulated=job.simulated,
        )
        yield NewRecord(topic(job.stream, candle.interval), candle.symbol.encode(), encode(record), headers(record))
