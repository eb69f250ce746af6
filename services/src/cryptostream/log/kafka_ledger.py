"""The producer's memory across restarts, as Kafka has it. Implements `Ledger`.

Stands on the ledger's topic and on the newest records of the candles' topics; publishes nothing. `gaps` reads them, the
others answer from what was read then, but for `published`, which follows what is published.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from confluent_kafka import OFFSET_BEGINNING

from cryptostream.core.codec.record import ledger_topic, topic
from cryptostream.core.market.candle import CandleTable, Ints
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogError, Place
from cryptostream.core.result import Err, Ok, Result, bind, map_ok
from cryptostream.core.stream import resume
from cryptostream.log.kafka_coverage import Coverage, place_of
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_follower import Follower
from cryptostream.log.kafka_news import News
from cryptostream.log.kafka_past import Entries, Tail
from cryptostream.log.kafka_published import Published


class KafkaLedger:
    """Gaps, checkpoints and what follows them, of the series that are `wanted` when they are read.

    Used from one thread, but for `published`.
    """

    def __init__(
        self,
        stream: str,
        edge: KafkaEdge,
        coverage: Coverage,
        wanted: Callable[[], Iterable[Series]],
        exchange_offset: Callable[[], Millis] = lambda: 0,
    ) -> None:
        self._stream = stream
        self._edge = edge
        self._coverage = coverage
        self._wanted = wanted
        self._entries = Entries(edge.tell)
        self._gaps: defaultdict[Series, list[Gap]] = defaultdict(list)
        self._tails: Mapping[Series, Ints] = {}
        self._news = News(f"{stream}.news", edge)
        self._published = Published(f"{stream}.published", edge, coverage, exchange_offset)
        self.records_read = 0
        """How many records the last reading took."""

    # ------------------------------------------------------------ reading

    def load(self, *more: Series) -> Result[None, LogError]:
        """Read the ledger, and then what no checkpoint accounts for of the series that are wanted, and of `more`.

        To be called after the take-over: nobody else publishes from then on. Blocks while there is no broker.
        """
        began = time.monotonic()
        opened = Follower.open(f"{self._stream}.ledger", self._edge)
        if isinstance(opened, Err):
            return opened
        try:
            done = self._read(opened.value, {*self._wanted(), *more})
        finally:
            opened.value.close()
        self._edge.observer.ledger_read(self.records_read, time.monotonic() - began)
        return done

    def _read(self, follower: Follower, wanted: set[Series]) -> Result[None, LogError]:
        name = ledger_topic(self._stream)
        partitions = follower.partitions([name, *(topic(self._stream, series.interval) for series in wanted)])
        if isinstance(partitions, Err):
            return partitions
        entries = Entries(self._edge.tell)
        known = self._coverage.published()
        starts = {(name, each): OFFSET_BEGINNING for each in range(partitions.value)}
        ends = follower.read(starts, entries.take, known=known)
        if isinstance(ends, Err):
            return ends
        if entries.newer:
            return Err(entries.newer)
        places = {series: place_of(self._stream, series, partitions.value) for series in wanted}
        tail = Tail(places, entries.progress, self._edge.tell, lost=entries.empty)
        last = follower.read(tail.starts, tail.take, known=known)
        if isinstance(last, Err):
            return last
        self._coverage.read(partitions.value, entries.progress, tail.series, {**ends.value, **last.value})
        self._have(entries, {series: tail.opens(series) for series in wanted}, ends.value)
        self.records_read = entries.count + tail.count
        return Ok(None)

    def _have(self, entries: Entries, tails: Mapping[Series, Ints], ends: Mapping[Place, int]) -> None:
        """Answer from these, and hear the news from `ends` of the ledger on."""
        self._entries = entries
        self._tails = tails
        self._gaps = defaultdict(list)
        for gap in entries.gaps.values():
            self._gaps[gap.series].append(gap)
        self._news.begin(ends)

    # ------------------------------------------------------------ answers

    def gaps(self) -> Result[tuple[Gap, ...], LogError]:
        """Every gap ever recorded, at its newest state. Reads the ledger anew."""
        return map_ok(self.load(), lambda _: tuple(self._entries.gaps.values()))

    def progress(self) -> Result[Mapping[Series, Progress], LogError]:
        """The last checkpoint of each series."""
        return map_ok(self._loaded(), lambda _: self._entries.progress)

    def news(self) -> Result[tuple[Gap, ...], LogError]:
        """Gaps which consumers have named since `gaps` or the last call. Does not wait."""
        return self._news.heard()

    def missing(
        self, series: Series, start: Millis, end: Millis
    ) -> Result[tuple[tuple[Millis, Millis], ...], LogError]:
        """Runs [first, last] of open times in [start, end) which have not been published."""
        return map_ok(self._loaded(series), lambda _: self._missing(series, start, end))

    def _missing(self, series: Series, start: Millis, end: Millis) -> tuple[tuple[Millis, Millis], ...]:
        interval, progress = INTERVALS[series.interval], self._entries.progress.get(series)
        return resume.missing(interval, progress, self._gaps[series], self._tails[series], start, end)

    def bounds(self, series: Series) -> Result[tuple[Millis, Millis] | None, LogError]:
        """First and last open time published, or None."""
        loaded = self._loaded(series)
        return map_ok(loaded, lambda _: resume.bounds(self._entries.progress.get(series), self._tails[series]))

    def published(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, LogError]:
        """What was published with open time in [start, end), each at its newest revision; without trade ids."""
        loaded = Ok(None) if self._coverage.known else self.load()
        return bind(loaded, lambda _: self._published.table(series, start, end))

    def _loaded(self, *series: Series) -> Result[None, LogError]:
        """Read what these questions need, if that was not done."""
        known = self._coverage.known and all(each in self._tails for each in series)
        return Ok(None) if known else self.load(*self._tails, *series)

    def close(self) -> None:
        """Let go of the connections."""
        self._news.close()
        self._published.close()
