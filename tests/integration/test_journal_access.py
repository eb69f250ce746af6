"""The journal and the ledger with the least that Kafka's access lists must allow, and with passwords that change."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AclOperation, ResourceType
from msgspec.structs import replace

from cryptostream.core.codec.record import ledger_topic
from cryptostream.core.market.interval import MINUTE
from cryptostream.core.resource.plan import Topic, plan, topics
from cryptostream.core.resource.rights import Right, kafka_rights
from cryptostream.core.result import Err, Ok
from cryptostream.log.kafka_admin import check, create
from cryptostream.log.kafka_settings import KafkaSettings, MutualTls, Scram
from tests.support.kafka_stream import KafkaStream, kafka_stream, new_records, publish
from tests.support.parts.kafka import Kafka
from tests.support.resources import stream as spec_of
from tests.support.stored import BTC_1M, T0, candles, done

KINDS = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
OPENS = [T0 + place * MINUTE for place in range(10)]


@pytest.fixture
def stream(kafka: Kafka, unique: Callable[[str], str]) -> Iterator[KafkaStream]:
    with kafka_stream(kafka, f"market.{unique('access')}") as stream:
        yield stream


@pytest.fixture
def rights(stream: KafkaStream) -> list[Right]:
    """What the plan gives the producer of the stream."""
    namespace, name = stream.name.split(".")
    spec = replace(spec_of(intervals=["1m"]), namespace=namespace, name=name)
    return list(kafka_rights(plan(spec), "producer"))


def grant(kafka: Kafka, principal: str, rights: list[Right]) -> None:
    for right in rights:
        operations = (AclOperation[operation.upper()] for operation in right.operations)
        kafka.admin.allow(principal, KINDS[right.kind], right.name, *operations)


@pytest.fixture
def scram(kafka: Kafka, stream: KafkaStream, tmp_path: Path) -> KafkaSettings:
    """Through the link `scram`, with the password `first`."""
    kafka.admin.add_user(stream.name, "first")
    (tmp_path / "username").write_text(stream.name)
    (tmp_path / "password").write_text("first")
    files = Scram(tmp_path / "username", tmp_path / "password")
    return KafkaSettings(kafka.links["scram"].address, files, kafka.authority.cert)


def test_the_rights_of_the_plan_are_enough_and_a_changed_password_is_taken_up(
    stream: KafkaStream, rights: list[Right], scram: KafkaSettings
) -> None:
    assert isinstance(scram.security, Scram)
    grant(stream.kafka, f"User:{stream.name}", rights)
    assert check(scram, rights) == Ok(None)
    books = stream.owner(settings=scram)
    publish(stream, books, BTC_1M, OPENS[:5])
    assert len(done(books.ledger.published(BTC_1M, T0, OPENS[9]))) == 5
    assert done(books.ledger.news()) == ()
    stream.kafka.admin.add_user(stream.name, "second")
    scram.security.password_file.write_text("second")
    stream.kafka.links["scram"].cut()
    stream.kafka.links["scram"].heal()
    publish(stream, books, BTC_1M, OPENS[5:])
    assert len(done(books.ledger.published(BTC_1M, T0, OPENS[9] + 1))) == 10
    assert done(books.ledger.news()) == ()


def test_a_client_certificate_is_enough_to_be_known(stream: KafkaStream, rights: list[Right]) -> None:
    leaf = stream.kafka.authority.leaf(stream.name)
    settings = KafkaSettings(stream.kafka.tls_bootstrap, MutualTls(leaf.cert, leaf.key), stream.kafka.authority.cert)
    grant(stream.kafka, f"User:CN={stream.name}", rights)
    publish(stream, stream.owner(settings=settings), BTC_1M, OPENS)
    assert len(stream.records()) == 10


def test_what_access_lists_lack_is_named_with_the_topic(
    stream: KafkaStream, rights: list[Right], scram: KafkaSettings
) -> None:
    principal = f"User:{stream.name}"
    prices, kept, _ = rights
    grant(stream.kafka, principal, [replace(prices, operations=("Read",)), kept])
    assert f"do not allow Write on topic {stream.topics[0]}" in error_of(check(scram, rights))
    taken = stream.books(settings=scram).journal.take_over()
    assert "access lists do not allow" in error_of(taken)


def test_a_right_that_is_taken_away_ends_the_journal_and_is_named(
    stream: KafkaStream, rights: list[Right], scram: KafkaSettings
) -> None:
    principal = f"User:{stream.name}"
    grant(stream.kafka, principal, rights)
    books = stream.owner(settings=scram)
    stream.kafka.admin.forbid(principal, ResourceType.TOPIC, stream.topics[0], AclOperation.WRITE)
    refused = books.journal.publish(new_records(stream.name, candles(BTC_1M, OPENS)), [])
    assert "access lists do not allow" in error_of(refused)
    assert stream.records() == []


def error_of(result: object) -> str:
    assert isinstance(result, Err), result
    assert result.error.fatal
    return str(result.error.detail)


def test_topics_are_made_as_planned_and_those_that_are_there_are_left(
    kafka: Kafka, unique: Callable[[str], str]
) -> None:
    spec = replace(spec_of(intervals=["1m", "1M"]), name=unique("made"))
    planned = topics(spec)
    settings, needed = KafkaSettings(kafka.bootstrap), list(kafka_rights(plan(spec), "consumer"))
    assert "there is no topic" in error_of(check(settings, needed))
    assert create(settings, planned[:1]) == Ok(None)
    assert create(settings, planned) == Ok(None)
    assert check(settings, needed) == Ok(None)
    found = kafka.admin.topic_config(ledger_topic(spec.stream))
    assert (found["cleanup.policy"], found["segment.bytes"]) == ("compact", "1048576")
    assert kafka.admin.topic_config(planned[0].name)["retention.ms"] == str(7 * 24 * 3600 * 1000)


def test_topics_of_a_stream_have_equal_partition_counts(kafka: Kafka, unique: Callable[[str], str]) -> None:
    spec = replace(spec_of(intervals=["1m"]), name=unique("unequal"))
    first, *others = topics(spec)
    settings = KafkaSettings(kafka.bootstrap)
    made: list[Topic] = [replace(first, partitions=2), *others]
    assert create(settings, made) == Ok(None)
    assert "make them equal" in error_of(check(settings, kafka_rights(plan(spec), "consumer")))
