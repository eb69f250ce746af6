"""Readers of a real Kafka for tests, and those who publish for them."""

import ctypes
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import confluent_kafka
from confluent_kafka import Producer

from cryptostream.core.ports import LogError, LogRecord, Place, Turnover
from cryptostream.core.result import Err, Ok
from cryptostream.log.kafka_reader import KafkaReader
from cryptostream.log.kafka_settings import Config, KafkaSettings
from cryptostream.log.reader_observer import Rebalance
from tests.support.parts.kafka import Kafka

PATIENCE = 30.0


@dataclass
class Counting:
    """An observer that keeps what it is told."""

    records: int = 0
    commits: int = 0
    rebalances: list[Rebalance] = field(default_factory=list)
    expired: list[Place] = field(default_factory=list)

    def records_read(self, records: int) -> None:
        self.records += records

    def rebalanced(self, kind: Rebalance) -> None:
        self.rebalances.append(kind)

    def offsets_committed(self) -> None:
        self.commits += 1

    def range_expired(self, place: Place) -> None:
        self.expired.append(place)


def open_reader(
    settings: KafkaSettings,
    group: str,
    topics: Iterable[str],
    observer: Counting | None = None,
    config: Config | None = None,
) -> KafkaReader:
    opened = KafkaReader.open(settings, group, topics, observer, config)
    assert isinstance(opened, Ok), opened
    return opened.value


class Readers:
    """Members of the group `group`, closed at the end."""

    def __init__(self, kafka: Kafka, group: str, topics: Sequence[str]) -> None:
        self.kafka = kafka
        self.group = group
        self.topics = topics
        self._open: list[KafkaReader] = []

    def join(self, observer: Counting | None = None, config: Config | None = None) -> KafkaReader:
        self._open.append(open_reader(KafkaSettings(self.kafka.bootstrap), self.group, self.topics, observer, config))
        return self._open[-1]

    def leave(self) -> None:
        for reader in self._open:
            reader.close()
        self._open.clear()

    def committed(self) -> Mapping[Place, int]:
        return self.kafka.admin.group_offsets(self.group)


@contextmanager
def readers(kafka: Kafka, group: str, *topics: str) -> Iterator[Readers]:
    members = Readers(kafka, group, topics)
    try:
        yield members
    finally:
        members.leave()


@dataclass
class Read:
    """What a reader has given so far."""

    reader: KafkaReader
    records: list[LogRecord] = field(default_factory=list)
    lost: set[Place] = field(default_factory=set)
    gained: set[Place] = field(default_factory=set)
    expired: dict[Place, int] = field(default_factory=dict)
    errors: list[LogError] = field(default_factory=list)

    def poll(self, timeout: float = 0.05) -> tuple[LogRecord, ...]:
        """One turn: poll, then ask what changed hands."""
        polled = self.reader.poll(1000, timeout)
        self.note(self.reader.turnover())
        if isinstance(polled, Err):
            self.errors.append(polled.error)
            return ()
        self.records += polled.value
        return polled.value

    def note(self, turnover: Turnover) -> None:
        self.lost |= turnover.lost
        self.gained = (self.gained - turnover.lost) | turnover.gained
        self.expired |= turnover.expired

    def until(self, condition: Callable[[], object], what: str, patience: float = PATIENCE) -> "Read":
        deadline = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < deadline, f"not within {patience:g} s: {what}; {self}"
            self.poll()
        return self

    def has(self, count: int, patience: float = PATIENCE) -> "Read":
        return self.until(lambda: len(self.records) >= count, f"{count} records", patience)

    @property
    def values(self) -> list[bytes]:
        return [record.value for record in self.records]

    def __str__(self) -> str:
        return f"{len(self.records)} records, gained {self.gained}, lost {self.lost}, errors {self.errors[-3:]}"


def together(reads: Sequence[Read], condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Poll all of `reads` in turn."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience:g} s: {what}; {[str(each) for each in reads]}"
        for each in reads:
            each.poll(0.02)


def produce(
    kafka: Kafka, topic: str, values: Iterable[bytes | None], key: bytes | None = b"BTCUSDC", partition: int = 0
) -> None:
    """Outside transactions, to one partition."""
    producer = Producer({**kafka.plain(), "linger.ms": 0, "message.max.bytes": 20_000_000})
    for value in values:
        producer.produce(topic, value, key, partition=partition)
    assert producer.flush(PATIENCE) == 0


def transact(kafka: Kafka, topic: str, values: Iterable[bytes], *, commit: bool = True, partition: int = 0) -> None:
    """In one transaction, which is then committed or aborted."""
    producer = Producer({**kafka.plain(), "transactional.id": f"{topic}.writer"})
    producer.init_transactions(PATIENCE)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, b"BTCUSDC", partition=partition)
    producer.flush(PATIENCE)
    producer.commit_transaction(PATIENCE) if commit else producer.abort_transaction(PATIENCE)


def produce_header(kafka: Kafka, topic: str, name: bytes, count: int) -> None:
    """Records `poison` with a header of this name, by librdkafka itself: its Python client refuses odd names."""
    (file,) = (Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs").glob("librdkafka*")
    lib = ctypes.CDLL(str(file))
    lib.rd_kafka_conf_new.restype = lib.rd_kafka_new.restype = ctypes.c_void_p
    config = ctypes.c_void_p(lib.rd_kafka_conf_new())
    assert lib.rd_kafka_conf_set(config, b"bootstrap.servers", kafka.bootstrap.encode(), None, 0) == 0
    client = ctypes.c_void_p(lib.rd_kafka_new(0, config, None, 0))
    # Pairs of what follows and its value: topic, partition, copy flag, value and its length, header and its length.
    value, flag = ctypes.c_char_p(b"poison"), ctypes.c_int(2)
    what = (1, topic.encode(), 3, 0, 7, flag, 4, value, ctypes.c_size_t(6), 9, name, b"", ctypes.c_ssize_t(0), 0)
    assert [lib.rd_kafka_producev(client, *what) for _ in range(count)] == [0] * count
    assert lib.rd_kafka_flush(client, 10_000) == 0
    lib.rd_kafka_destroy(client)


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def lines(file: Path) -> list[str]:
    """What a child has written so far."""
    return file.read_text().splitlines() if file.exists() else []
