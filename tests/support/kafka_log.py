"""The contract's log on a real Kafka: topics of its own behind the names of the suite, and one reader at a time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import Producer
from msgspec.structs import replace

from cryptostream.core.ports import LogError, LogRecord, NewRecord, Place, Turnover
from cryptostream.core.result import Ok, Result, map_ok
from cryptostream.log.kafka_letter_box import LetterBox
from cryptostream.log.kafka_letters import KafkaDeadLetters
from cryptostream.log.kafka_reader import KafkaReader
from cryptostream.log.kafka_settings import KafkaSettings
from cryptostream.log.kafka_writer import KafkaWriter
from tests.contract.providers import NOW, Letters
from tests.support.parts.kafka import Kafka

PARTITIONS = 3


class PrefixedReader:
    """A reader that calls each topic by its name without `prefix`."""

    def __init__(self, reader: KafkaReader, prefix: str) -> None:
        self.reader = reader
        self._prefix = prefix

    def poll(self, limit: int, timeout: float) -> Result[tuple[LogRecord, ...], LogError]:
        return map_ok(self.reader.poll(limit, timeout), lambda records: tuple(map(self._bare, records)))

    def turnover(self) -> Turnover:
        return self.reader.turnover()

    def keep(self) -> Result[None, LogError]:
        return self.reader.keep()

    def owned(self) -> Result[None, LogError]:
        return self.reader.owned()

    def passed(self, place: Place) -> int:
        return self.reader.passed((self._prefix + place[0], place[1]))

    def restored(self, place: Place) -> Result[None, LogError]:
        return self.reader.restored((self._prefix + place[0], place[1]))

    def commit(self, records: Sequence[LogRecord]) -> Result[None, LogError]:
        return self.reader.commit([replace(each, topic=self._prefix + each.topic) for each in records])

    def _bare(self, record: LogRecord) -> LogRecord:
        return replace(record, topic=record.topic.removeprefix(self._prefix))


class KafkaLog:
    """Publishes with the suite's time of publication; topics come into being when they are first named."""

    def __init__(self, kafka: Kafka, name: str) -> None:
        self._kafka = kafka
        self._prefix = f"{name}."
        self._topics: set[str] = set()
        self._reader: KafkaReader | None = None
        self._producer = Producer({**kafka.plain(), "partitioner": "murmur2", "linger.ms": 0})

    def publish(self, records: Sequence[NewRecord]) -> Result[None, LogError]:
        self._make(record.topic for record in records)
        for each in records:
            topic = self._prefix + each.topic
            self._producer.produce(topic, each.value, each.key, timestamp=NOW, headers=list(each.headers))
        assert self._producer.flush(10) == 0
        return Ok(None)

    def reader(self, topics: Iterable[str]) -> PrefixedReader:
        named = tuple(topics)
        self._make(named)
        self.close()
        settings = KafkaSettings(self._kafka.bootstrap)
        opened = KafkaReader.open(settings, self._prefix, [self._prefix + topic for topic in named])
        assert isinstance(opened, Ok), opened
        self._reader = opened.value
        return PrefixedReader(opened.value, self._prefix)

    def close(self) -> None:
        if self._reader:
            self._reader.close()
        self._reader = None

    def _make(self, topics: Iterable[str]) -> None:
        """With no retention: the suite's records are years old."""
        new = set(topics) - self._topics
        if new:
            names = [self._prefix + topic for topic in new]
            self._kafka.admin.create_topics(*names, partitions=PARTITIONS, config={"retention.ms": "-1"})
            self._topics |= new


@contextmanager
def kafka_letters(kafka: Kafka, topic: str) -> Iterator[Letters]:
    """As who reads the topic counts them."""
    kafka.admin.create_topics(topic, partitions=PARTITIONS)
    settings = KafkaSettings(kafka.bootstrap)
    box = LetterBox(settings, topic, ())

    def kept() -> list[bytes]:
        book = box.read()
        assert isinstance(book, Ok), book
        values = {(each.partition(), each.offset()): each.value() for each in kafka.admin.read(topic)}
        return [values[entry.copy] or b"" for entry in book.value.entries.values()]

    yield Letters(KafkaDeadLetters(KafkaWriter(settings), topic), kept)


@contextmanager
def kafka_log(kafka: Kafka, name: str) -> Iterator[KafkaLog]:
    log = KafkaLog(kafka, name)
    yield log
    log.close()
