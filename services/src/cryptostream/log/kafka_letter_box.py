"""Reads a whole dead-letter topic, and publishes chosen records again. Deletes nothing, and belongs to no group.

Letters are read twice, to be listed and then to be redriven, because all their bytes might not fit into memory.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Final

import msgspec
from confluent_kafka import Message
from confluent_kafka.admin import AdminClient

from cryptostream.core.codec.dead_letter import decode
from cryptostream.core.ports import DeadLetter, LogError, NewRecord, Place
from cryptostream.core.result import Err, Ok, Result, bind, map_ok
from cryptostream.log.kafka_admin import counted
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_follower import Follower
from cryptostream.log.kafka_records import record_of
from cryptostream.log.kafka_settings import KafkaSettings, connect
from cryptostream.log.kafka_writer import KafkaWriter
from cryptostream.log.letter_book import Book, Entry, again

PATIENCE: Final = 15.0
"""Seconds without a broker after which it is no longer waited for: a person waits."""
TOGETHER: Final = 500


class Redriven(msgspec.Struct, frozen=True):
    """What became of chosen letters: published again, alike another one, without bytes, or of another stream."""

    published: int = 0
    alike: int = 0
    omitted: int = 0
    foreign: int = 0


class LetterBox:
    """The dead-letter topic of a stream whose other topics are `topics`."""

    def __init__(self, settings: KafkaSettings, topic: str, topics: Iterable[str]) -> None:
        self._settings = settings
        self._topic = topic
        self._topics = frozenset(topics)

    def read(self) -> Result[Book, LogError]:
        """Every letter that there is now."""
        book = Book()
        counting = bind(connect(AdminClient, self._settings, {}), lambda admin: counted(admin, [self._topic], PATIENCE))
        if isinstance(counting, Err):
            return counting
        starts = {(self._topic, number): 0 for number in range(counting.value)}  # or the first that is left
        read = self._follow(starts, {}, lambda message: book.add(record_of(message)))
        return map_ok(read, lambda _: book)

    def redrive(self, entries: Iterable[Entry]) -> Result[Redriven, LogError]:
        """Publish the records of `entries` again, in the partitions where they were, equal ones once.

        After an error some may have been published. To begin again does no harm: a candle is stored once.
        """
        chosen = tuple(entries)
        wanted = [entry for entry in chosen if not entry.omitted and entry.letter.record.topic in self._topics]
        copies = sorted((self._topic, *entry.copy) for entry in wanted)
        redrive = _Redrive(KafkaWriter(self._settings), frozenset(copies))
        ends = {(topic, partition): offset for topic, partition, offset in copies}
        starts = {(topic, partition): offset for topic, partition, offset in reversed(copies)}
        done = bind(self._follow(starts, ends, redrive.take), lambda _: redrive.flush())
        omitted = sum(entry.omitted for entry in chosen)
        foreign = len(chosen) - len(wanted) - omitted
        return map_ok(done, lambda _: Redriven(redrive.published, redrive.alike, omitted, foreign))

    def _follow(
        self, starts: Mapping[Place, int], upto: Mapping[Place, int], take: Callable[[Message], None]
    ) -> Result[None, LogError]:
        if not starts:
            return Ok(None)
        opened = Follower.open(f"{self._topic}.reader", KafkaEdge(self._settings))
        if isinstance(opened, Err):
            return opened
        read = opened.value.read(starts, take, upto=upto, patience=PATIENCE)
        opened.value.close()
        return map_ok(read, lambda _: None)


class _Redrive:
    """Collects chosen records and publishes them, some hundred at a time; ends with the first error."""

    def __init__(self, writer: KafkaWriter, copies: frozenset[tuple[str, int, int]]) -> None:
        self._writer = writer
        self._copies = copies
        self._waiting: dict[int, list[NewRecord]] = {}
        self._seen: set[bytes] = set()
        self._done: Result[None, LogError] = Ok(None)
        self.published = 0
        self.alike = 0

    def take(self, message: Message) -> None:
        record = record_of(message)
        if (record.topic, record.partition, record.offset) not in self._copies:
            return
        read = decode(record)
        if isinstance(read, Ok):
            self._collect(read.value)
        if sum(map(len, self._waiting.values())) >= TOGETHER:
            self.flush()

    def flush(self) -> Result[None, LogError]:
        for partition, records in self._waiting.items():
            if isinstance(self._done, Ok):
                self._done = self._writer.publish(records, partition)
                self.published += len(records) if isinstance(self._done, Ok) else 0
        self._waiting = {}
        return self._done

    def _collect(self, letter: DeadLetter) -> None:
        record = letter.record
        content = sha256(msgspec.msgpack.encode((record.topic, record.key, record.value))).digest()
        if content in self._seen:
            self.alike += 1
            return
        self._seen.add(content)
        new = NewRecord(record.topic, record.key, record.value, again(letter))
        self._waiting.setdefault(record.partition, []).append(new)
