"""Looks at what a group has committed, five times a second, for as long as faults are measured."""

import threading
import time
from contextlib import suppress
from typing import Self

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from tests.chaos.recovery import Place

EVERY = 0.2


class Watch:
    """`looks` are times (seconds since the epoch) and what was committed then, by topic and partition."""

    def __init__(self, bootstrap: str, group: str) -> None:
        self.looks: list[tuple[float, dict[Place, int]]] = []
        self._group = group
        self._client = AdminClient({"bootstrap.servers": bootstrap, "reconnect.backoff.max.ms": 200, "log_level": 0})
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(EVERY):
            with suppress(KafkaException):  # no broker just now
                self.looks.append((time.time(), self._committed()))

    def _committed(self) -> dict[Place, int]:
        asked = self._client.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(self._group)], request_timeout=2.0
        )
        found = asked[self._group].result()
        return {(at.topic, at.partition): at.offset for at in found.topic_partitions}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
