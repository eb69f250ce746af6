"""Whether Kafka is there, asked by a process that has nothing to publish."""

from collections.abc import Callable, Iterator

import pytest

from cryptostream.log.kafka_settings import KafkaSettings
from cryptostream.service.ping import Ping
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import wait_for

Begin = Callable[[str], Ping]


@pytest.fixture
def begin(kafka: Kafka) -> Iterator[Begin]:
    begun: list[Ping] = []

    def begin(topic: str) -> Ping:
        begun.append(Ping(KafkaSettings(kafka.links["plain"].address), topic, every=0.1))
        begun[-1].start()
        return begun[-1]

    yield begin
    for each in begun:
        each.close()


def test_kafka_that_goes_away_is_noticed_and_so_is_its_return(kafka: Kafka, topic: str, begin: Begin) -> None:
    ping = begin(topic)
    for breakage in (kafka.links["plain"].cut, kafka.links["plain"].blackhole):
        breakage()
        wait_for(lambda: ping.fault, "it is missed", 20)
        kafka.links["plain"].heal()
        wait_for(lambda: ping.fault is None, "it is found again", 20)


def test_a_topic_that_is_not_there_is_told(begin: Begin, unique: Callable[[str], str]) -> None:
    ping = begin(unique("nowhere"))
    assert "not there (yet)" in wait_for(lambda: ping.fault, "it is missed", 20)
