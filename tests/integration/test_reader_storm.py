"""Readers at random on a broken network: nothing is passed over that was not written."""

import os
import time
from collections.abc import Callable
from random import Random

import pytest
from confluent_kafka import Producer

from cryptostream.log.kafka_settings import KafkaSettings
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import wait_for
from tests.support.parts.proxy import Proxy
from tests.support.reading_storm import Storm

PARTITIONS = 3


def publish(producer: Producer, topics: list[str], chance: Random) -> None:
    """One transaction; some are aborted."""
    producer.begin_transaction()
    for _ in range(chance.choice([1, 5, 50])):
        producer.produce(chance.choice(topics), b"value", f"key-{chance.randint(0, 50)}".encode())
    producer.flush(30)
    producer.abort_transaction(30) if chance.random() < 0.1 else producer.commit_transaction(30)


def disturb(link: Proxy, chance: Random) -> None:
    match chance.choice(["cut", "silent", "half-open"]):
        case "cut":
            link.cut()
        case "silent":
            link.blackhole()
        case _:
            link.blackhole(chance.choice(["to server", "to client"]))
    time.sleep(chance.uniform(0, 3))
    link.heal()


def storm(kafka: Kafka, unique: Callable[[str], str], seed: int, seconds: float) -> None:
    topics, link, chance = [unique("t"), unique("u")], kafka.links["plain"], Random(seed)
    kafka.admin.create_topics(*topics, partitions=PARTITIONS)
    producer = Producer({**kafka.plain(), "transactional.id": topics[0], "linger.ms": 5})
    producer.init_transactions(30)
    readers = Storm(KafkaSettings(link.address), unique("group"), topics, seed)
    try:
        until, quiet = time.monotonic() + seconds, time.monotonic() + 3
        while time.monotonic() < until:
            publish(producer, topics, chance)
            if time.monotonic() > quiet:
                disturb(link, chance)
                quiet = time.monotonic() + chance.uniform(2, 8)
        there: dict[tuple[str, int], set[int]] = {(topic, n): set() for topic in topics for n in range(PARTITIONS)}
        for topic in topics:
            for message in kafka.admin.read(topic):
                there[topic, message.partition() or 0].add(message.offset() or 0)
        store = readers.store
        wait_for(lambda: all(there[place] <= store.written.get(place, set()) for place in there), "all is written", 60)
    finally:
        readers.end()
    assert readers.faults == []
    assert {place: there[place] & passed for place, passed in store.passed.items() if there[place] & passed} == {}
    assert all(written <= there[place] for place, written in store.written.items())


def test_nothing_is_committed_that_was_not_written(kafka: Kafka, unique: Callable[[str], str]) -> None:
    """Recover from kills, pauses beyond the session, cut and half-open networks"""
    storm(kafka, unique, int(os.environ.get("SEED", "1")), 10)


@pytest.mark.soak
def test_nothing_is_committed_that_was_not_written_for_minutes(kafka: Kafka, unique: Callable[[str], str]) -> None:
    """The same for ten minutes; SEED=n plays another one."""
    storm(kafka, unique, int(os.environ.get("SEED", "1")), 600)
