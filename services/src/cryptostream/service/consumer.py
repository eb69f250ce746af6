"""`cryptostream consumer`: a stream from Kafka to InfluxDB, in one of several processes."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Event

from cryptostream.clock import SystemClock
from cryptostream.consumer.edges import Edges
from cryptostream.consumer.patience import Backoff, Halt
from cryptostream.consumer.shell import Consumer, Pace
from cryptostream.core.codec.record import dead_letter_topic
from cryptostream.core.codec.service import Assignment
from cryptostream.core.codec.status import LogStatus, Status
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.ports import LogError, Place
from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.rights import kafka_rights
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_config import stream_config
from cryptostream.log.kafka_book import KafkaBook
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_gaps import KafkaGaps
from cryptostream.log.kafka_letters import KafkaDeadLetters
from cryptostream.log.kafka_reader import KafkaReader
from cryptostream.log.kafka_settings import KafkaSettings, settings_of
from cryptostream.log.kafka_writer import KafkaWriter
from cryptostream.observe.logs import Log
from cryptostream.observe.metrics import Metrics
from cryptostream.service.influx import open_influx
from cryptostream.service.noted_store import NotedStore
from cryptostream.service.process import Service, run_service
from cryptostream.service.settings import Settings
from cryptostream.service.status import Moment, consumer_status
from cryptostream.service.usable import Usable

PACE = Pace(backoff=Backoff(most=4.0))
"""Whoever comes back is noticed within seconds; a few consumers do not burden it."""
Done = Result[None, LogError] | Result[None, Halt]


def consumer(config: Path) -> int:
    """Run until asked to stop; returns the exit code."""
    return run_service("consumer", config, open_consumer)


def open_consumer(settings: Settings, ending: Event, log: Log) -> Result[Service, LogError]:
    """Put a consumer together. It joins its group once it may use its topics."""
    del ending  # its own waits end with its work
    metrics = Metrics(settings.spec.stream, SystemClock().now, simulated=settings.config.simulated)
    kafka = settings_of(settings.config.kafka, Path())
    usable = Usable.open(kafka, kafka_rights(plan(settings.spec), "consumer"), log)
    if isinstance(usable, Err):
        return usable
    store = open_influx(settings, metrics)
    if isinstance(store, Err):
        return store
    return Ok(ConsumerService(settings, kafka, usable.value, NotedStore(store.value), metrics, log))


class ConsumerService:
    """A member of the stream's group, and its store."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a consumer is made of
        self, settings: Settings, kafka: KafkaSettings, usable: Usable, store: NotedStore, metrics: Metrics, log: Log
    ) -> None:
        self._settings, self._kafka = settings, kafka
        self._assigned = settings.assigned
        self._usable, self._store = usable, store
        self._metrics, self._log = metrics, log
        self._clock = SystemClock()
        self._reader: KafkaReader | None = None
        self._consumer: Consumer | None = None
        metrics.objectives(settings.spec.objectives, settings.spec.intervals)

    # ------------------------------------------------------------ work

    def run(self, ending: Event) -> Done:
        """Wait until the topics may be used, then be a member of the group until `ending` is set."""
        self._usable.wait(ending)
        if ending.is_set():
            return Ok(None)
        topics = [each.name for each in plan(self._settings.spec).topics if each.name != self._dead_letters]
        reader = KafkaReader.open(self._kafka, self._settings.spec.stream, topics, self._metrics)
        if isinstance(reader, Err):
            return reader
        with ExitStack() as held:
            held.callback(reader.value.close)
            edge = KafkaEdge(self._kafka, stop=ending, tell=self._log)
            book = KafkaBook(self._settings.spec.stream, edge)
            held.callback(book.close)
            self._reader = reader.value
            config = stream_config(self._settings.spec, self._settings.indicators)
            self._consumer = Consumer(config, self._edges(reader.value, book), PACE)
            self._consumer.follow(self._assigned.symbols)
            return self._consumer.run(ending)

    def assign(self, assigned: Assignment, spec: StreamSpec) -> None:
        """Know further symbols; those of records are known without."""
        self._assigned = assigned
        if self._consumer is not None:
            self._consumer.follow(spec.symbols)

    def close(self) -> None:
        self._store.close()

    # ------------------------------------------------------------ what it says of itself

    def status(self) -> Status:
        at = Moment(self._settings.spec.stream, self._assigned.generation, self._clock.now())
        fault = self._log_fault()
        shot = None if self._consumer is None else self._consumer.snapshot()
        return consumer_status(at, shot, self._lags(), self._store.status, LogStatus(fault is None, fault))

    def metrics(self) -> bytes:
        self._metrics.generation(self._assigned.generation)
        self._tell_series()
        self._metrics.lags(self._lags())
        self._metrics.reachable("log", reachable=self._log_fault() is None)
        self._metrics.reachable("store", reachable=self._store.status.reachable)
        return self._metrics.render()

    def unwell(self) -> str | None:
        return None

    def unready(self) -> str | None:
        if fault := self._log_fault():
            return fault
        if self._consumer is None or self._reader is None or not self._reader.lag():
            return "the group has given it no partition yet"
        waiting = self._consumer.waiting
        return None if waiting is None else str(waiting)

    # ------------------------------------------------------------ inside

    def _tell_series(self) -> None:
        """The newest candle of each series that is followed and held; others are forgotten."""
        shot = None if self._consumer is None else self._consumer.snapshot()
        followed = {each.name for each in self._assigned.symbols}
        held = {each.series: each.newest_open for each in (shot.series if shot else ())}
        self._metrics.newest_only(
            {
                each: INTERVALS[each.interval].close_time(at)
                for each, at in held.items()
                if at is not None and each.symbol in followed
            }
        )

    @property
    def _dead_letters(self) -> str:
        return dead_letter_topic(self._settings.spec.stream)

    def _log_fault(self) -> str | None:
        return self._usable.fault or (None if self._reader is None else self._reader.fault)

    def _lags(self) -> Mapping[Place, int]:
        """Records published and not dealt with, of each partition that is held."""
        if self._reader is None or self._consumer is None:
            return {}
        queued = {each.place: each.queued for each in self._consumer.snapshot().places}
        return {place: behind + queued.get(place, 0) for place, behind in self._reader.lag().items()}

    def _edges(self, reader: KafkaReader, book: KafkaBook) -> Edges:
        letters, gaps = KafkaWriter(self._kafka), KafkaWriter(self._kafka)
        return Edges(
            reader=reader,
            store=self._store,
            dead_letters=KafkaDeadLetters(letters, self._dead_letters),
            clock=self._clock,
            ledger=book.entries,
            observer=self._metrics,
            log=self._log,
            name_gaps=KafkaGaps(self._kafka, gaps, self._settings.spec.stream).name,
        )
