"""The journal while Kafka is away, or does not know its owner any more: nothing lost, nothing twice."""

import time
from collections.abc import Callable, Iterator
from threading import Event, Thread, Timer
from typing import Self

import pytest

from cryptostream.core.market.interval import MINUTE
from cryptostream.core.ports import LogError
from cryptostream.core.result import Err
from cryptostream.log.kafka_books import KafkaBooks
from cryptostream.log.kafka_edge import STOPPED
from cryptostream.log.kafka_settings import KafkaSettings
from tests.support.kafka_stream import KafkaStream, checkpoint, kafka_stream, new_records, publish
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import wait_for
from tests.support.publishing_child import missing
from tests.support.stored import BTC_1M, T0, candles

ALL = 1_000_000


@pytest.fixture
def stream(kafka: Kafka, unique: Callable[[str], str]) -> Iterator[KafkaStream]:
    with kafka_stream(kafka, unique("faults")) as stream:
        yield stream


class Feeder:
    """Publishes candle after candle in a thread; when its journal has ended, it begins anew as a new process does."""

    def __init__(self, stream: KafkaStream, settings: KafkaSettings | None = None) -> None:
        self._stream = stream
        self._settings = settings
        self._enough = Event()
        self.published = 0
        self.errors: list[LogError] = []
        self.books: KafkaBooks = stream.owner(settings=settings)
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.until_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def until_more(self, patience: float = 60.0) -> float:
        """Wait until something new is published; seconds that took."""
        before, began = self.published, time.monotonic()
        wait_for(lambda: self.published > before + 3, "candles published", patience)
        return time.monotonic() - began

    def _run(self) -> None:
        newest = None
        while not self._enough.is_set():
            (opened, *_) = missing(self.books, T0, T0 + ALL * MINUTE)[:1]
            while not self._enough.is_set():
                entry = checkpoint(BTC_1M, T0, opened + MINUTE, topic_offset=newest)
                wrote = self.books.journal.publish(new_records(self._stream.name, candles(BTC_1M, [opened])), [entry])
                if isinstance(wrote, Err):
                    self.errors.append(wrote.error)
                    self.books = self._stream.owner(settings=self._settings)
                    break
                (newest,) = wrote.value.values()
                self.published += 1
                opened += MINUTE


def assert_once(stream: KafkaStream, feeder: Feeder) -> None:
    found = [record.open_time for record in stream.records()]
    assert found == [T0 + place * MINUTE for place in range(len(found))]
    assert len(found) >= feeder.published
    assert missing(stream.owner(), T0, T0 + (len(found) + 1) * MINUTE) == [T0 + len(found) * MINUTE]


def test_a_broker_that_is_killed_and_comes_back_costs_nothing(stream: KafkaStream) -> None:
    with Feeder(stream) as feeder:
        stream.kafka.kill()
        wait_for(lambda: feeder.books.journal.fault, "the journal says what it waits for")
        stream.kafka.start()
        feeder.until_more()
        assert feeder.errors == []
        assert feeder.books.journal.fault is None
    assert_once(stream, feeder)


def test_a_broker_held_up_for_longer_than_a_transaction_may_last(stream: KafkaStream) -> None:
    with Feeder(stream) as feeder:
        stream.kafka.pause()
        time.sleep(15)
        stream.kafka.resume()
        feeder.until_more()
        assert all(error.fatal for error in feeder.errors)
    assert_once(stream, feeder)


def test_a_network_that_breaks_again_and_again(stream: KafkaStream) -> None:
    link = stream.kafka.links["plain"]
    with Feeder(stream, KafkaSettings(link.address)) as feeder:
        for _ in range(2):
            link.cut()
            time.sleep(0.3)
            link.heal()
            feeder.until_more()
        link.blackhole("to client")
        time.sleep(1.5)
        link.heal()
        feeder.until_more()
    assert feeder.errors == []
    assert_once(stream, feeder)


def test_a_stop_ends_the_wait_for_a_broker(stream: KafkaStream) -> None:
    books = stream.owner()
    publish(stream, books, BTC_1M, [T0])
    stream.kafka.pause()
    Timer(1, stream.stop.set).start()
    began = time.monotonic()
    assert books.journal.publish(new_records(stream.name, candles(BTC_1M, [T0 + MINUTE])), []) == Err(STOPPED)
    assert books.journal.publish([], []) == Err(STOPPED)
    assert stream.books().journal.take_over() == Err(STOPPED)
    assert time.monotonic() - began < 8
