"""Reads topics of Kafka from their beginning to their end, again and again, as a `read_committed` reader. An edge."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as Polled

from tests.judge.record import Message

PATIENCE = 60.0


class TopicReader:
    """Each `read` gives what has been committed since the one before. `settings` are librdkafka's, without a group."""

    def __init__(self, settings: Mapping[str, str | int], topics: tuple[str, ...]) -> None:
        self._settings = settings
        self._topics = topics
        self.ends: dict[tuple[str, int], int] = {}
        """By topic and partition the offset after the last record that was read."""

    def read(self) -> Iterator[Message]:
        """Records up to the end as it is now, in the order of each partition."""
        group = {"group.id": "judge", "enable.auto.commit": False, "enable.auto.offset.store": False}
        modes = {
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 50,
        }
        with closing(Consumer({**self._settings, **group, **modes})) as consumer:
            places = self._places(consumer)
            consumer.assign([TopicPartition(*place, self.ends.get(place, OFFSET_BEGINNING)) for place in places])
            yield from self._to_the_end(consumer, set(places))

    def _places(self, consumer: Consumer) -> list[tuple[str, int]]:
        known = consumer.list_topics(timeout=PATIENCE).topics
        missing = [topic for topic in self._topics if topic not in known or known[topic].error]
        assert not missing, f"no such topics: {missing}"
        return [(topic, partition) for topic in self._topics for partition in known[topic].partitions]

    def _to_the_end(self, consumer: Consumer, left: set[tuple[str, int]]) -> Iterator[Message]:
        until = time.monotonic() + PATIENCE
        while left:
            for polled in consumer.consume(10_000, 0.2):
                place = _place(polled)
                error = polled.error()
                if error is None:
                    until = time.monotonic() + PATIENCE
                    self.ends[place] = (polled.offset() or 0) + 1
                    yield _message(polled)
                elif error.code() == KafkaError._PARTITION_EOF:
                    left.discard(place)
                elif not error.retriable() and error.code() != KafkaError._ALL_BROKERS_DOWN:
                    raise KafkaException(error)
            assert time.monotonic() < until, f"nothing more comes of {sorted(left)}"


def _place(polled: Polled) -> tuple[str, int]:
    return polled.topic() or "", polled.partition() or 0


def _message(polled: Polled) -> Message:
    told = dict(polled.headers() or [])  # the wire has none twice
    headers = tuple((name, _bytes(value) or b"") for name, value in told.items())
    offset, timestamp = polled.offset() or 0, polled.timestamp()[1]
    topic, partition = _place(polled)
    return Message(topic, partition, offset, timestamp, _bytes(polled.key()), _bytes(polled.value()), headers)


def _bytes(text: str | bytes | None) -> bytes | None:
    return text.encode() if isinstance(text, str) else text
