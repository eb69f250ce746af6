"""Writes to the journal what the step wants published and ledgered, and checkpoints with it."""

from collections.abc import Iterable, Sequence

from cryptostream.core.codec.record import encode, headers, record_of, topic
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogError, NewRecord
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.series_state import Effect, Publish, RecordGap
from cryptostream.producer.checkpoints import Checkpoints
from cryptostream.producer.edges import Edges, Job
from cryptostream.producer.telling import tell_gaps


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


class Publisher:
    """The way to the journal. `count` is how many records it took."""

    def __init__(self, edges: Edges, checkpoints: Checkpoints) -> None:
        self._edges = edges
        self._checkpoints = checkpoints
        self.count = 0

    def publish(
        self, job: Job, effects: Sequence[tuple[Series, Effect]], checkpoints: Sequence[Progress]
    ) -> Result[None, LogError]:
        """Candles first, then gaps, then the checkpoints that tell of both; what is there is counted."""
        published_at = self._edges.clock.now_micros()
        published = [(series, effect) for series, effect in effects if isinstance(effect, Publish)]
        fresh = [record for _, effect in published for record in records(job, effect, published_at)]
        gaps = [effect.gap for _, effect in effects if isinstance(effect, RecordGap)]
        if not (fresh or gaps or checkpoints):
            return Ok(None)
        written = self._edges.journal.publish(fresh, [*gaps, *checkpoints])
        if isinstance(written, Err):
            return written
        self._checkpoints.written(checkpoints, written.value, {series for series, _ in published})
        self.count += len(fresh)
        for series, effect in published:
            self._edges.observer.published(series, effect.lane, len(effect.candles))
        tell_gaps(self._edges, gaps)
        return Ok(None)

    def last(self, words: Sequence[Gap | Progress]) -> Result[None, LogError]:
        """What is said of series that stop: gaps before checkpoints."""
        if not words:
            return Ok(None)
        written = self._edges.journal.publish([], words)
        if isinstance(written, Err):
            return written
        self._checkpoints.written([each for each in words if isinstance(each, Progress)], {}, ())
        return Ok(None)
