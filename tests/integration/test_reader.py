"""`KafkaReader` on a real broker: what a group owns, where it begins, and what is never given."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka.admin import AclOperation, ResourceType

from cryptostream.core.ports import LogRecord
from cryptostream.core.result import Ok
from cryptostream.log.kafka_settings import KafkaSettings, Scram
from cryptostream.log.partition import partition_of
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import wait_for
from tests.support.readers import (
    Read,
    Readers,
    open_reader,
    produce,
    produce_header,
    readers,
    resident,
    together,
    transact,
)

KEYS = [f"{coin}USDC".encode() for coin in ("BTC", "ETH", "XRP", "SOL", "ADA", "DOT", "BNB", "LTC")]


@pytest.fixture
def group(kafka: Kafka, topic: str, unique: Callable[[str], str]) -> Iterator[Readers]:
    with readers(kafka, unique("group"), topic) as members:
        yield members


def test_a_symbols_intervals_have_one_reader(kafka: Kafka, unique: Callable[[str], str]) -> None:
    """range assignment"""
    topics = [unique("prices-1m"), unique("prices-1h")]
    kafka.admin.create_topics(*topics, partitions=3)
    for topic in topics:
        for key in KEYS:
            produce(kafka, topic, [topic.encode()], key, partition_of(key, 3))
    with readers(kafka, unique("group"), *topics) as members:
        both = [Read(members.join()), Read(members.join())]
        together(
            both, lambda: sum(len(each.gained) for each in both) == 6 and all(r.gained for r in both), "a share each"
        )
        together(both, lambda: sum(len(set(each.values)) for each in both) >= 2, "records")
        numbers = [{partition for _, partition in each.gained} for each in both]
        assert not numbers[0] & numbers[1]
        assert all(len(each.gained) == 2 * len(which) for each, which in zip(both, numbers, strict=True))


def test_first_offsets_are_committed_when_a_partition_is_assigned(group: Readers, topic: str) -> None:
    """First offsets of a group are committed when it is made"""
    produce(group.kafka, topic, [b"1", b"2"])
    reader = Read(group.join())
    reader.until(lambda: reader.gained, "an assignment")
    assert group.committed() == {(topic, 0): 0, (topic, 1): 0, (topic, 2): 0}
    group.leave()
    produce(group.kafka, topic, [b"3"])
    assert Read(group.join()).has(3).values == [b"1", b"2", b"3"]


def test_aborted_transactions_are_not_seen(group: Readers, topic: str) -> None:
    transact(group.kafka, topic, [b"1", b"2"], commit=False)
    transact(group.kafka, topic, [b"3"])
    transact(group.kafka, topic, [b"4"], commit=False)
    transact(group.kafka, topic, [b"5"])
    assert Read(group.join()).has(2).values == [b"3", b"5"]


def test_who_has_read_all_is_not_behind(group: Readers, topic: str) -> None:
    """The marker at the end of a transaction is an offset, too."""
    reader = Read(group.join())
    transact(group.kafka, topic, [b"1", b"2"])
    reader.has(2)
    assert reader.reader.commit(reader.records) == Ok(None)
    assert reader.reader.passed((topic, 0)) == 3
    assert group.committed()[topic, 0] == 3
    assert sum(reader.reader.lag().values()) == 0
    transact(group.kafka, topic, [b"3"], commit=False)
    reader.until(lambda: reader.reader.passed((topic, 0)) == 5, "an aborted one is passed")
    transact(group.kafka, topic, [b"3"])
    group.leave()
    again = Read(group.join()).has(1)
    assert (again.values, again.expired) == ([b"3"], {})


def test_lag_is_what_was_not_given(group: Readers, topic: str) -> None:
    reader = group.join()
    Read(reader).until(reader.lag, "an assignment")
    produce(group.kafka, topic, [b"%d" % n for n in range(10)])
    taken = 0
    while taken < 4:
        polled = reader.poll(4 - taken, 1.0)
        taken += len(polled.value) if isinstance(polled, Ok) else 0
    expected = {(topic, 0): 6, (topic, 1): 0, (topic, 2): 0}
    wait_for(lambda: reader.keep() == Ok(None) and reader.lag() == expected, "lag is told", 10)


def test_a_commit_never_goes_back(group: Readers, topic: str) -> None:
    produce(group.kafka, topic, [b"1", b"2", b"3"])
    read = Read(group.join()).has(3)
    assert read.reader.commit(read.records) == Ok(None)
    assert read.reader.commit(read.records[:1]) == Ok(None)
    assert group.committed()[topic, 0] == 3


@pytest.mark.parametrize("key", [None, b"", b"\xff\x00"], ids=["none", "empty", "no text"])
def test_poison_is_given_as_it_is(group: Readers, topic: str, key: bytes | None) -> None:
    values = [b"\x00\xff{", b"", None, b"x" * 900_000, b"[1]"]
    produce(group.kafka, topic, values, key)
    read = Read(group.join()).has(5)
    assert read.values == [value or b"" for value in values]
    assert {record.key for record in read.records} == {key or b""}


def test_a_record_larger_than_a_fetch_is_read(kafka: Kafka, unique: Callable[[str], str]) -> None:
    topic = unique("large")
    kafka.admin.create_topics(topic, config={"max.message.bytes": "12000000"})
    produce(kafka, topic, [b"a", b"x" * 10_000_000, b"b"])
    with readers(kafka, unique("group"), topic) as members:
        assert [len(value) for value in Read(members.join()).has(3).values] == [1, 10_000_000, 1]


def test_a_missing_topic_is_waited_for_and_named(kafka: Kafka, unique: Callable[[str], str]) -> None:
    topic = unique("late")
    with readers(kafka, unique("group"), topic) as members:
        read = Read(members.join(config={"topic.metadata.refresh.interval.ms": 200}))
        read.until(lambda: read.errors, "an error")
        assert topic in read.errors[0].detail
        assert not read.errors[0].fatal
        kafka.admin.create_topics(topic)
        produce(kafka, topic, [b"1"])
        assert read.has(1).values == [b"1"]


def test_what_only_people_can_mend_is_told_and_tried_again(
    kafka: Kafka, tmp_path: Path, topic: str, unique: Callable[[str], str]
) -> None:
    """Least privilege: name and password, the group, the topic; each is missed until it is right, and none more."""
    user, group = unique("consumer"), unique("group")
    name, secret = tmp_path / "username", tmp_path / "password"
    name.write_text(user)
    secret.write_text("wrong")
    settings = KafkaSettings(kafka.scram_bootstrap, Scram(name, secret), kafka.authority.cert)
    produce(kafka, topic, [b"1"])
    with closing(open_reader(settings, group, [topic], config={"topic.metadata.refresh.interval.ms": 200})) as reader:
        read = Read(reader)

        def misses(what: str) -> None:
            read.errors.clear()
            read.until(lambda: any(what in each.detail for each in read.errors), what)
            assert not any(each.fatal or "wrong" in each.detail for each in read.errors)
            assert reader.fault

        misses("name and password")
        kafka.admin.add_user(user, "right")
        secret.write_text("right")
        misses("Group authorization failed")
        kafka.admin.allow(f"User:{user}", ResourceType.GROUP, group, AclOperation.READ)
        misses("opic authorization failed")
        kafka.admin.allow(f"User:{user}", ResourceType.TOPIC, topic, AclOperation.READ)
        assert read.has(1).values == [b"1"]
        assert reader.commit(read.records) == Ok(None)
        assert reader.fault is None


def test_a_password_changes_while_it_is_read(
    kafka: Kafka, tmp_path: Path, topic: str, unique: Callable[[str], str]
) -> None:
    """SCRAM and tokens hot"""
    user, group = unique("consumer"), unique("group")
    name, secret = tmp_path / "username", tmp_path / "password"
    name.write_text(user)
    secret.write_text("first")
    kafka.admin.add_user(user, "first")
    kafka.admin.allow(f"User:{user}", ResourceType.GROUP, group, AclOperation.READ)
    kafka.admin.allow(f"User:{user}", ResourceType.TOPIC, topic, AclOperation.READ)
    settings = KafkaSettings(kafka.links["scram"].address, Scram(name, secret), kafka.authority.cert)
    with closing(open_reader(settings, group, [topic])) as reader:
        read = Read(reader)
        produce(kafka, topic, [b"1"])
        read.has(1)
        kafka.admin.add_user(user, "second")
        secret.write_text("second")
        kafka.links["scram"].cut()
        kafka.links["scram"].heal()
        produce(kafka, topic, [b"2"])
        assert read.has(2).values == [b"1", b"2"]
        assert reader.commit(read.records) == Ok(None)


def test_a_header_whose_name_is_no_text_does_not_stop_reading(group: Readers, topic: str) -> None:
    """Kafka's protocol says UTF-8 and no broker checks it; many of them, as the first ones fail in another way."""
    produce_header(group.kafka, topic, b"\xff\xfe", 100)
    produce(group.kafka, topic, [b"after"])
    read = Read(group.join()).has(101)
    assert read.values == [*[b"poison"] * 100, b"after"]
    assert {tuple(record.headers) for record in read.records} == {()}


def test_reading_is_bounded_in_memory_and_exact_while_it_commits(kafka: Kafka, unique: Callable[[str], str]) -> None:
    """Each record once and in order, whatever comes while a commit is waited for; the rate is a floor far below
    what was measured."""
    topic = unique("many")
    kafka.admin.create_topics(topic, partitions=6)
    for partition in range(6):
        produce(kafka, topic, (random.randbytes(300) for _ in range(20_000)), partition=partition)
    with readers(kafka, unique("group"), topic) as members:
        reader = members.join()
        read = Read(reader)
        read.has(1)
        last: dict[int, int] = {}
        batch: Sequence[LogRecord] = read.records
        count, before, begun = 0, resident(), time.monotonic()
        while count < 120_000:
            for record in batch:
                assert record.offset == last.get(record.partition, -1) + 1
                last[record.partition] = record.offset
            count += len(batch)
            assert reader.commit(batch) == Ok(None)
            polled = reader.poll(2000, 1.0)
            assert isinstance(polled, Ok)
            batch = polled.value
        assert count / (time.monotonic() - begun) > 10_000
        assert resident() - before < 60_000_000
        assert set(members.committed().values()) == {20_000}
