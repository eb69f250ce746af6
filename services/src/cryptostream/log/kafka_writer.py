"""Appends records outside transactions: each at least once, in order. For what may be there twice.

Blocks for seconds at most, and tells for each record what became of it. Used from one thread.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from cryptostream.core.ports import LogError, NewRecord
from cryptostream.core.result import Err, Ok, Result, bind
from cryptostream.log.kafka_faults import cause, fault
from cryptostream.log.kafka_health import Health
from cryptostream.log.kafka_settings import Config, CredentialWatch, KafkaSettings, connect

SETTINGS: Final[Config] = {
    "enable.idempotence": True,  # and so acks=all
    "partitioner": "murmur2",
    "compression.type": "lz4",
    "linger.ms": 0,
    "message.timeout.ms": 5000,  # what was not taken by then is told as not taken
    "socket.timeout.ms": 4000,
    "allow.auto.create.topics": False,
    "message.max.bytes": 30_000_000,  # what is too large, the topic says
    "queue.buffering.max.kbytes": 32_768,
}
PATIENCE: Final = 8.0
"""Seconds after which even librdkafka itself is no longer waited for."""
Outcomes = tuple[KafkaError | None, ...]
"""What became of each record: None if the broker has it, and all its replicas."""
Report = Callable[[KafkaError | None, Message], None]
_SILENT: Final = KafkaError(KafkaError.REQUEST_TIMED_OUT, "no answer from the broker")
_TOO_LARGE: Final = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)


class KafkaWriter:
    """A producer that is made anew when it has failed for good."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._health = Health()
        self._watch = CredentialWatch(settings)
        self._producer: Producer | None = None

    @property
    def fault(self) -> str | None:
        """What keeps Kafka from answering, None while it answers; from any thread."""
        return self._health.fault

    def publish(self, records: Sequence[NewRecord], partition: int = -1) -> Result[None, LogError]:
        """Append `records`, to the partition of their key or to this one; after an error some may be there."""
        return bind(self.send(records, partition), _all_taken)

    def send(self, records: Sequence[NewRecord], partition: int = -1) -> Result[Outcomes, LogError]:
        """As `publish`, and tells of each record. `Err` where there is no client to send with."""
        ready = self._ready()
        if isinstance(ready, Err):
            return ready
        outcomes: list[KafkaError | None] = [_SILENT] * len(records)
        for number, record in enumerate(records):
            try:
                _produce(ready.value, record, partition, partial(_report, outcomes, number))
            except KafkaException as exception:
                outcomes[number] = cause(exception)
            except BufferError:
                outcomes[number] = _TOO_LARGE
        if ready.value.flush(PATIENCE):
            self._producer = None
        return Ok(self._judged(tuple(outcomes)))

    def _ready(self) -> Result[Producer, LogError]:
        if self._producer is None:
            made = connect(Producer, self._settings, {**SETTINGS, "error_cb": self._health.hear})
            if isinstance(made, Err):
                return made
            self._producer = made.value
        self._watch.look(self._producer)
        return Ok(self._producer)

    def _judged(self, outcomes: Outcomes) -> Outcomes:
        errors = [error for error in outcomes if error is not None]
        self._health.note(errors)
        if not errors:
            self._health.well()
        if any(error.fatal() or error.name() == "_FATAL" for error in errors):
            self._producer = None
        return outcomes


def refusal(error: KafkaError) -> LogError:
    """Why a record was not taken. It may be the next time: a producer that has failed for good is made anew."""
    return LogError(fault(error).detail)


def _all_taken(outcomes: Outcomes) -> Result[None, LogError]:
    wrong = next(filter(None, outcomes), None)
    return Ok(None) if wrong is None else Err(refusal(wrong))


def _produce(producer: Producer, record: NewRecord, partition: int, report: Report) -> None:
    """Hand a record over; where the queue is full, once what is in it has gone."""
    headers: list[tuple[str, str | bytes | None]] = [*record.headers]
    with suppress(BufferError):
        producer.produce(record.topic, record.value, record.key, partition, report, headers=headers)
        return
    producer.flush(PATIENCE)
    producer.produce(record.topic, record.value, record.key, partition, report, headers=headers)


def _report(outcomes: list[KafkaError | None], number: int, error: KafkaError | None, _: Message) -> None:
    outcomes[number] = error
