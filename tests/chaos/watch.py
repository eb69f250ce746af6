"""Looks at what a group has committed, five times a second, for as long as faults are measured."""

import threading
import time
from contextlib import suppress
from typing import Self

from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.chaos.recovery import Place
from tests.judge.stream import Stream

EVERY = 0.2
TIMEOUT = 2.0


class Committed:
    """Asks for the offsets of a stream's consumers, without being one: the offsets of its group by topic and partition.

    Not by an administrator: librdkafka 2.16 ends the whole process by an assertion if the broker dies under its call.
    """

    def __init__(self, bootstrap: str, stream: Stream) -> None:
        self._client = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": stream.name, "reconnect.backoff.max.ms": 200, "log_level": 0}
        )
        topics = (*stream.prices, stream.ledger_topic)
        self._places = [TopicPartition(topic, each) for topic in topics for each in range(stream.partitions)]

    def __call__(self) -> dict[Place, int]:
        """Raises KafkaException where there is no broker."""
        found = self._client.committed(self._places, timeout=TIMEOUT)
        return {(at.topic, at.partition): max(at.offset, 0) for at in found}

    def close(self) -> None:
        self._client.close()


class Watch:
    """`looks` are times (seconds since the epoch) and what was committed then, by topic and partition."""

    def __init__(self, committed: Committed) -> None:
        self.looks: list[tuple[float, dict[Place, int]]] = []
        self.committed = committed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(EVERY):
            with suppress(KafkaException):  # no broker just now
                self.looks.append((time.time(), self.committed()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
