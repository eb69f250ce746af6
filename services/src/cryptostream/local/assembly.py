"""Puts an embedded run together: store, log, consumer, producer and what they say of themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cryptostream.consumer.edges import Edges as ConsumerEdges
from cryptostream.consumer.shell import Consumer
from cryptostream.core.codec.ledger import Entry
from cryptostream.core.codec.record import topic
from cryptostream.core.indicators.catalogue import Indicator
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogError
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_config import stream_config
from cryptostream.local.journal import LocalJournal
from cryptostream.local.market import Market
from cryptostream.local.view import StreamView, view_of
from cryptostream.log.embedded import EmbeddedLog
from cryptostream.observe.logs import Log
from cryptostream.observe.metrics import Metrics
from cryptostream.producer.edges import Edges as ProducerEdges
from cryptostream.producer.job import job_of
from cryptostream.producer.shell import Producer
from cryptostream.store.duckdb_store import DuckDbStore

CAPACITY = 20_000
HISTORY_ROOM = CAPACITY // 2
"""History waits while the log holds more than this, so that there is always room for live candles."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A run put together and not started. `before` counts what was stored already."""

    spec: StreamSpec
    market: Market
    store: DuckDbStore
    log: EmbeddedLog
    producer: Producer
    consumer: Consumer
    metrics: Metrics
    before: Mapping[Series, int]

    def view(self) -> StreamView:
        """The run as it is now."""
        now = self.market.clock.now()
        return view_of(self.producer.snapshot(), self.consumer.snapshot(), self.before, now)


def assemble(
    spec: StreamSpec, indicators: tuple[Indicator, ...], market: Market, store: DuckDbStore, log: Log
) -> Parts:
    """Wire the parts of one run together."""
    embedded = EmbeddedLog(market.clock, spec.kafka.topics.partitions if spec.kafka else 6, CAPACITY)
    metrics = Metrics(spec.stream, market.clock.now, simulated=market.simulated)
    metrics.objectives(spec.objectives, spec.intervals)
    metrics.backlog(lambda: sum(embedded.backlog().values()))
    consumer = Consumer(
        stream_config(spec, indicators),
        ConsumerEdges(
            reader=embedded.reader(topic(spec.stream, interval) for interval in spec.intervals),
            store=store,
            dead_letters=store.dead_letters,
            clock=market.clock,
            ledger=_entries(store),
            observer=metrics,
            log=log,
        ),
    )
    producer = Producer(
        job_of(spec, market.clock.now(), simulated=market.simulated, ranges=market.ranges),
        ProducerEdges(
            journal=LocalJournal(embedded, store.ledger),
            ledger=store.ledger,
            urgent=market.urgent,
            background=market.background,
            feed=market.feed,
            clock=market.clock,
            room=lambda: sum(embedded.backlog().values()) < HISTORY_ROOM,
            observer=metrics,
            log=log,
        ),
    )
    counts = store.counts()
    before = counts.value if isinstance(counts, Ok) else {}
    return Parts(spec, market, store, embedded, producer, consumer, metrics, before)


def _entries(store: DuckDbStore) -> Callable[[], Result[Sequence[Entry], LogError]]:
    """What the ledger says of listings, noted for `verify` as well; the consumer has no use for the rest of it."""
    known: dict[Series, Millis] = {}

    def entries() -> Result[Sequence[Entry], LogError]:
        gaps = store.ledger.gaps("before_listing")  # asked every second: not for what has long been filled
        for gap in gaps.value if isinstance(gaps, Ok) else ():
            listed = INTERVALS[gap.series.interval].next(gap.end)
            if known.get(gap.series) != listed:
                known[gap.series] = listed
                store.notes.record_listing(gap.series, listed)
        return gaps if isinstance(gaps, Err) else Ok(gaps.value)

    return entries
