"""`cryptostream producer`: one stream from the exchange to Kafka, in one process."""

import ssl
from pathlib import Path
from threading import Event

from cryptostream.clock import SystemClock
from cryptostream.core.codec.record import ledger_topic
from cryptostream.core.codec.service import Assignment
from cryptostream.core.codec.status import LogStatus, Status
from cryptostream.core.market.gap import open_candles
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogError
from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.rights import kafka_rights
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream.exchange.online import Online
from cryptostream.log.kafka_books import kafka_books
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_settings import KafkaSettings, settings_of
from cryptostream.observe.logs import Log
from cryptostream.observe.metrics import Metrics
from cryptostream.producer.edges import Edges, Job
from cryptostream.producer.job import job_of, series_of
from cryptostream.producer.shell import Producer
from cryptostream.service.endpoints import tell_blocked
from cryptostream.service.ping import Ping
from cryptostream.service.process import Service, run_service
from cryptostream.service.settings import Settings
from cryptostream.service.status import Moment, producer_status
from cryptostream.service.usable import Usable


def producer(config: Path) -> int:
    """Run until asked to stop; returns the exit code."""
    return run_service("producer", config, open_producer)


def open_producer(settings: Settings, ending: Event, log: Log) -> Result[Service, LogError]:
    """Put a producer together. Nothing is connected yet; a certificate that is none is told now."""
    kafka = settings_of(settings.config.kafka, Path())
    usable = Usable.open(kafka, kafka_rights(plan(settings.spec), "producer"), log)
    if isinstance(usable, Err):
        return usable
    try:
        ssl.create_default_context(cafile=settings.config.exchange_ca_file)
    except OSError as error:  # ssl.SSLError is one
        detail = f"exchangeCaFile: no certificates in {settings.config.exchange_ca_file}: {error}"
        return Err(LogError(detail, fatal=True))
    return Ok(ProducerService(settings, kafka, usable.value, ending, log))


class ProducerService:
    """A producer, its exchange and its log."""

    def __init__(self, settings: Settings, kafka: KafkaSettings, usable: Usable, ending: Event, log: Log) -> None:
        config, spec = settings.config, settings.spec
        self._settings, self._usable, self._log = settings, usable, log
        self._assigned, self._spec = settings.assigned, spec
        self._online = Online(
            spec.source.endpoints, SystemClock(), proxy_url=spec.egress.proxy_url, ca_file=config.exchange_ca_file
        )
        self._metrics = Metrics(spec.stream, self._online.clock.now, simulated=config.simulated)
        self._metrics.objectives(spec.objectives, spec.intervals)
        self._ping = Ping(kafka, ledger_topic(spec.stream))
        edge = KafkaEdge(kafka, stop=ending, tell=log, observer=self._metrics)
        self._books = kafka_books(spec.stream, edge, lambda: series_of(self._spec), lambda: self._online.clock.offset)
        self._told: frozenset[Series] = frozenset()
        self._begun = False
        self._producer = Producer(self._job(), self._edges())
        self._ban()

    # ------------------------------------------------------------ work

    def run(self, ending: Event) -> Result[None, LogError]:
        tell_blocked(self._spec, self._settings.config.exchange_ca_file, self._log)
        self._usable.wait(ending)
        self._ping.start()
        try:
            return self._producer.run(ending)
        finally:
            self._ping.close()

    def assign(self, assigned: Assignment, spec: StreamSpec) -> None:
        """Follow other symbols, as a difference; and obey a ban that others were told of."""
        self._assigned, self._spec = assigned, spec
        self._ban()
        job = self._job()
        self._producer.assign(job.symbols, job.starts, assigned.generation)

    # ------------------------------------------------------------ what it says of itself

    def status(self) -> Status:
        shot, fault = self._producer.snapshot(), self._log_fault()
        at = Moment(self._spec.stream, shot.generation, self._online.clock.now())
        return producer_status(at, shot, self._online.status(), LogStatus(fault is None, fault))

    def metrics(self) -> bytes:
        self._metrics.exchange_status(self._online.status())
        self._metrics.generation(self._assigned.generation)
        self._metrics.reachable("log", reachable=self._log_fault() is None)
        self._tell_series()
        return self._metrics.render()

    def unwell(self) -> str | None:
        return None if self._online.alive else "the thread of the live feed has died"

    def unready(self) -> str | None:
        self._begun = self._begun or self._producer.snapshot().begun
        return self._log_fault() or (None if self._begun else "not every series has begun")

    def close(self) -> None:
        self._books.close()
        self._online.close()

    def _log_fault(self) -> str | None:
        return self._usable.fault or self._books.journal.fault or self._ping.fault

    def _tell_series(self) -> None:
        """What each series should have and has not; those that are no longer followed are forgotten."""
        shot = self._producer.snapshot()
        for series in self._told - {each.series for each in shot.series}:
            self._metrics.forget(series)
        for each in shot.series:
            self._metrics.gaps(each.series, each.gaps)
            self._metrics.completeness(each.series, each.expected, each.expected - open_candles(each.gaps))
        self._metrics.history_left(sum(each.history_left for each in shot.series))
        self._metrics.markets({each.series.symbol: each.status for each in shot.series})
        self._told = frozenset(each.series for each in shot.series)

    # ------------------------------------------------------------ inside

    def _ban(self) -> None:
        """Others who share this address were banned until then, or are no longer."""
        self._producer.ban(self._assigned.banned_until)
        self._online.hold(self._assigned.banned_until or 0)

    def _job(self) -> Job:
        simulated, generation = self._settings.config.simulated, self._assigned.generation
        return job_of(self._spec, self._online.clock.now(), simulated=simulated, generation=generation)

    def _edges(self) -> Edges:
        auto = self._spec.source.mode == "Auto"
        return Edges(
            journal=self._books.journal,
            ledger=self._books.ledger,
            urgent=self._online.urgent,
            background=self._online.background,
            feed=self._online.feed if auto else None,
            clock=self._online.clock,
            room=lambda: self._books.journal.fault is None,
            observer=self._metrics,
            log=self._log,
        )
