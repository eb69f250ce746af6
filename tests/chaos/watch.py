"""Looks at what a group has committed and what is stored, five times a second, for as long as faults are measured."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Self, TypeVar

import urllib3
from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.judge.stream import Series, Stream

EVERY = 0.2
TIMEOUT = 2.0
OK = 200
Place = tuple[str, int]
K = TypeVar("K")


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


class Stored:
    """Asks the store itself what it has of each series of a stream in the raw bucket."""

    def __init__(self, url: str, org: str, token: str, stream: Stream) -> None:
        self._url = f"{url}/query"
        self._headers = {"Authorization": f"Token {token}"}
        self._pool = urllib3.PoolManager(timeout=TIMEOUT, retries=False)
        where = f"stream = '{stream.name}' AND time > {stream.start}ms"
        self._rest = f'FROM "candle" WHERE {where} GROUP BY "symbol", "interval"'
        self._asked = {"db": stream.raw_bucket, "epoch": "ms", "org": org}

    def newest(self) -> dict[Series, int]:
        """The newest open time. Raises HTTPError where there is no store."""
        return {series: time for series, (time, _) in self._ask('SELECT last("close")').items()}

    def counts(self) -> dict[Series, int]:
        """How many candles. Raises HTTPError where there is no store."""
        return {series: int(count) for series, (_, count) in self._ask('SELECT count("close")').items()}

    def _ask(self, what: str) -> dict[Series, tuple[int, float]]:
        answer = self._pool.request(
            "GET", self._url, fields={**self._asked, "q": f"{what} {self._rest}"}, headers=self._headers
        )
        if answer.status != OK:
            raise urllib3.exceptions.HTTPError(answer.data[:200])
        told = answer.json()["results"][0].get("series", ())
        return {Series(each["tags"]["symbol"], each["tags"]["interval"]): tuple(each["values"][0]) for each in told}


class Watch(Generic[K]):
    """`looks` are times (seconds since the epoch) and what `look` told then."""

    def __init__(self, look: Callable[[], dict[K, int]]) -> None:
        self.looks: list[tuple[float, dict[K, int]]] = []
        self._look = look
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(EVERY):
            with suppress(KafkaException, urllib3.exceptions.HTTPError):  # nobody answers just now
                told = self._look()
                self.looks.append((time.time(), told))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
