"""Records that were deleted before they were read: told until somebody has named them, also after a crash."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import OffsetSpec

from cryptostream.core.result import Ok
from cryptostream.log.kafka_settings import Config
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import wait_for
from tests.support.readers import Counting, Read, Readers, produce, readers

QUICK: Config = {"topic.metadata.refresh.interval.ms": 200, "heartbeat.interval.ms": 200}


@pytest.fixture
def group(kafka: Kafka, topic: str, unique: Callable[[str], str]) -> Iterator[Readers]:
    with readers(kafka, unique("group"), topic) as members:
        yield members


def numbers(first: int, last: int) -> list[bytes]:
    return [b"%d" % n for n in range(first, last)]


def read_some(group: Readers, topic: str) -> None:
    """The group has dealt with offsets 0 to 4 of partition 0, and is gone."""
    produce(group.kafka, topic, numbers(0, 10))
    read = Read(group.join()).has(10)
    assert read.reader.commit(read.records[:5]) == Ok(None)
    group.leave()


def test_what_expired_while_nobody_read_is_told_until_it_is_named(group: Readers, topic: str) -> None:
    """a range that retention took before it was read (`expired` → fetched again)"""
    read_some(group, topic)
    group.kafka.admin.delete_records(topic, 0, 8)
    observer = Counting()
    first = Read(group.join(observer)).has(2)
    assert first.values == numbers(8, 10)
    assert first.expired == {(topic, 0): 10}
    assert observer.expired == [(topic, 0)]
    assert first.reader.commit(first.records) == Ok(None)
    group.leave()  # it crashed before it had named the range
    produce(group.kafka, topic, numbers(10, 12))
    second = Read(group.join()).has(2)
    assert second.values == numbers(10, 12)
    assert second.expired == {(topic, 0): 10}
    assert second.reader.restored((topic, 0)) == Ok(None)
    group.leave()
    third = Read(group.join()).has(2)
    assert third.values == numbers(10, 12)
    assert third.expired == {}


def test_a_restored_range_is_forgotten_with_what_is_committed_next(group: Readers, topic: str) -> None:
    read_some(group, topic)
    group.kafka.admin.delete_records(topic, 0, 8)
    first = Read(group.join()).has(2)
    assert first.reader.restored((topic, 0)) == Ok(None)
    assert first.reader.commit(first.records) == Ok(None)
    group.leave()
    second = Read(group.join())
    second.until(lambda: second.gained, "an assignment")
    assert second.expired == {}


def test_what_expires_while_it_is_read_is_told(group: Readers, topic: str) -> None:
    read = Read(group.join())
    produce(group.kafka, topic, numbers(0, 5))
    read.has(5)
    assert read.reader.keep() == Ok(None)  # the store is away
    produce(group.kafka, topic, numbers(5, 10))
    group.kafka.admin.delete_records(topic, 0, 8)
    produce(group.kafka, topic, numbers(0, 3), partition=1)
    read.until(lambda: len(read.records) == 10 and read.expired, "what is left, and of the other partition")
    assert sorted(read.values[5:]) == sorted([*numbers(8, 10), *numbers(0, 3)])
    assert read.expired == {(topic, 0): 10}
    assert not read.lost
    assert read.reader.commit(read.records) == Ok(None)
    assert group.committed() == {(topic, 0): 10, (topic, 1): 3, (topic, 2): 0}


def test_a_log_that_lost_its_beginning_before_a_group_was_made_is_told(group: Readers, topic: str) -> None:
    """Those candles were published, and this group's store does not have them."""
    produce(group.kafka, topic, numbers(0, 10))
    group.kafka.admin.delete_records(topic, 0, 4)
    read = Read(group.join()).has(6)
    assert read.values == numbers(4, 10)
    assert read.expired == {(topic, 0): 10}


def test_retention_itself_is_noticed(group: Readers, topic: str) -> None:
    read_some(group, topic)
    group.kafka.admin.set_topic_config(topic, {"retention.ms": "1", "segment.ms": "1"})
    produce(group.kafka, topic, [b"last"])

    def low() -> int:
        return group.kafka.admin.offsets(topic, OffsetSpec.earliest())[0]

    wait_for(lambda: low() > 5, "retention has deleted what was not read")
    read = Read(group.join())
    read.until(lambda: read.expired, "it is told")
    assert read.expired == {(topic, 0): 11}


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(group: Readers, topic: str) -> None:
    read = Read(group.join(config=QUICK))
    produce(group.kafka, topic, numbers(0, 10))
    read.has(10)
    assert read.reader.commit(read.records) == Ok(None)
    group.kafka.admin.delete_topics(topic)
    read.until(lambda: read.errors, "it is missed")
    assert topic in read.errors[0].detail
    group.kafka.admin.create_topics(topic, partitions=3)
    produce(group.kafka, topic, numbers(20, 23))
    read.has(13)
    assert read.values[10:] == numbers(20, 23)
    assert read.expired[topic, 0] == 3
    assert (topic, 0) in read.lost
    assert (topic, 0) in read.gained
    assert read.reader.commit(read.records[10:]) == Ok(None)
    assert group.committed()[topic, 0] == 3


def test_a_topic_that_was_made_anew_and_is_longer_is_read_from_its_beginning(group: Readers, topic: str) -> None:
    """Its offsets look as if it were the same."""
    read = Read(group.join())
    produce(group.kafka, topic, numbers(0, 10))
    read.has(10)
    assert read.reader.commit(read.records) == Ok(None)
    assert read.reader.keep() == Ok(None)  # the store is away, and so nobody sees the topic missing
    group.kafka.admin.delete_topics(topic)
    group.kafka.admin.create_topics(topic, partitions=3)
    produce(group.kafka, topic, numbers(20, 40))
    read.until(lambda: {*numbers(20, 40)} <= {*read.values}, "all that is new")
    assert read.values[-20:] == numbers(20, 40)
    assert read.expired[topic, 0] == 20


def test_a_topic_that_was_made_anew_while_nobody_read_is_read_from_its_beginning(group: Readers, topic: str) -> None:
    """Somebody had read, and committed, some of the new one before it died without noticing."""
    read_some(group, topic)
    group.kafka.admin.delete_topics(topic)
    group.kafka.admin.create_topics(topic, partitions=3)
    produce(group.kafka, topic, numbers(20, 40))
    old = TopicPartition(topic, 0, 15, '{"topic_id":"another"}')
    with closing(Consumer({**group.kafka.plain(), "group.id": group.group})) as dead:
        dead.commit(offsets=[old], asynchronous=False)
    read = Read(group.join()).has(20)
    assert read.values == numbers(20, 40)
    assert read.expired[topic, 0] == 20
