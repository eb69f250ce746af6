"""Kafka as a part: it keeps its ports and data, knows who comes, refuses, and its links can be broken."""

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AclOperation, AdminClient, OffsetSpec, ResourceType

from tests.support.parts.kafka import Kafka
from tests.support.parts.kafka_admin import ClientConfig
from tests.support.parts.process import wait_for
from tests.support.parts.tls import Authority

PASSWORD = "correct horse battery staple"
WRITE = (AclOperation.WRITE, AclOperation.DESCRIBE)
QUIET: ClientConfig = {"log_level": 0, "message.timeout.ms": 15_000, "reconnect.backoff.max.ms": 200}


def publish(config: ClientConfig, topic: str, *values: str) -> KafkaError | None:
    """Whether the broker has taken them: its last error, if not."""
    errors = list[KafkaError]()
    producer = Producer({**QUIET, **config})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: errors.append(error) if error else None)
    assert producer.flush(30) == 0
    return errors[-1] if errors else None


def values(kafka: Kafka, topic: str) -> list[str]:
    return sorted((message.value() or b"").decode() for message in kafka.admin.read(topic))


def assert_refused(config: ClientConfig, why: str) -> None:
    """The client is not let in, and hears `why`."""
    heard = list[KafkaError]()
    client = AdminClient({**QUIET, **config}, error_cb=heard.append)

    def is_told() -> bool:
        with pytest.raises(KafkaException):
            client.list_topics(timeout=0.2)
        client.poll(0)
        return any(why in error.str() for error in heard)

    wait_for(is_told, f"a refusal that says: {why}")


def test_a_killed_broker_comes_back_with_its_ports_and_data(kafka: Kafka, topic: str) -> None:
    addresses = (kafka.bootstrap, kafka.tls_bootstrap, kafka.scram_bootstrap)
    assert publish(kafka.plain(), topic, "a", "b", "c") is None
    kafka.kill()
    assert not kafka.admin.answers()
    kafka.start()
    assert (kafka.bootstrap, kafka.tls_bootstrap, kafka.scram_bootstrap) == addresses
    assert values(kafka, topic) == ["a", "b", "c"]
    kafka.restart()
    assert publish(kafka.plain(), topic, "d") is None
    assert values(kafka, topic) == ["a", "b", "c", "d"]


def test_a_broker_that_is_held_up_goes_on(kafka: Kafka, topic: str) -> None:
    kafka.pause()
    assert not kafka.admin.answers()
    kafka.resume()
    assert publish(kafka.plain(), topic, "a") is None


def test_a_topic_is_not_made_by_writing_to_it(kafka: Kafka, unique: Callable[[str], str]) -> None:
    error = publish({**kafka.plain(), "message.timeout.ms": 2000}, unique("nobody-made-it"), "a")
    assert error is not None


def test_scram_lets_in_who_knows_the_password(kafka: Kafka, topic: str, unique: Callable[[str], str]) -> None:
    user = unique("ann")
    kafka.admin.add_user(user, PASSWORD)
    kafka.admin.allow(f"User:{user}", ResourceType.TOPIC, topic, *WRITE)
    assert publish(kafka.scram(user, PASSWORD), topic, "a") is None
    assert_refused(kafka.scram(user, "wrong"), "Authentication failed")
    kafka.admin.remove_user(user)
    assert_refused(kafka.scram(user, PASSWORD), "Authentication failed")


def test_tls_lets_in_who_shows_a_certificate(kafka: Kafka, topic: str, tmp_path: Path) -> None:
    kafka.admin.allow("User:CN=ben", ResourceType.TOPIC, topic, *WRITE)
    ben = kafka.tls(kafka.authority.leaf("ben"))
    assert publish(ben, topic, "a") is None
    nobody = {key: value for key, value in ben.items() if key not in {"ssl.certificate.location", "ssl.key.location"}}
    assert_refused(nobody, "certificate")
    stranger = Authority(tmp_path, "another authority").leaf("ben")
    assert_refused(kafka.tls(stranger), "SSL")


def test_a_broker_of_another_authority_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    ours = kafka.tls(kafka.authority.leaf("ben"))
    other = Authority(tmp_path, "another authority")
    assert_refused({**ours, "ssl.ca.location": str(other.cert)}, "certificate verify failed")


def test_a_broker_with_a_wrong_host_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    elsewhere = authority.leaf("broker", ["elsewhere.example"])
    with Kafka(tmp_path / "kafka", authority=authority, leaf=elsewhere) as kafka:
        kafka.start()
        assert_refused(kafka.tls(authority.leaf("ben")), "verify")


def test_access_lists_decide(kafka: Kafka, topic: str, unique: Callable[[str], str]) -> None:
    user = unique("cid")
    kafka.admin.add_user(user, PASSWORD)
    config = kafka.scram(user, PASSWORD)
    refused = publish(config, topic, "a")
    assert refused is not None
    assert refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    kafka.admin.allow(f"User:{user}", ResourceType.TOPIC, topic, *WRITE)
    assert publish(config, topic, "b") is None
    kafka.admin.forbid(f"User:{user}", ResourceType.TOPIC, topic, *WRITE)
    assert publish(config, topic, "c") is not None
    assert values(kafka, topic) == ["b"]


def test_a_link_can_be_cut_between_client_and_broker(kafka: Kafka, topic: str) -> None:
    link = kafka.links["plain"]
    assert publish(kafka.plain(link="plain"), topic, "a") is None
    producer = Producer({**QUIET, **kafka.plain(link="plain")})
    link.cut()
    producer.produce(topic, "b")
    assert producer.flush(1) == 1
    link.heal()
    assert producer.flush(15) == 0
    assert values(kafka, topic) == ["a", "b"]


def test_each_kind_of_link_leads_to_the_broker(kafka: Kafka, topic: str, unique: Callable[[str], str]) -> None:
    user = unique("dan")
    kafka.admin.add_user(user, PASSWORD)
    for principal in (f"User:{user}", "User:CN=dan"):
        kafka.admin.allow(principal, ResourceType.TOPIC, topic, *WRITE)
    kafka.links["plain"].cut()
    assert publish(kafka.scram(user, PASSWORD, link="scram"), topic, "a") is None
    assert publish(kafka.tls(kafka.authority.leaf("dan"), link="tls"), topic, "b") is None


def test_retention_and_compaction_happen_within_a_tests_patience(kafka: Kafka, unique: Callable[[str], str]) -> None:
    compacted, kept_briefly = unique("compacted"), unique("brief")
    kafka.admin.create_topics(compacted, config={"cleanup.policy": "compact", "segment.ms": "100"})
    kafka.admin.create_topics(kept_briefly, config={"retention.ms": "100", "segment.ms": "100"})
    producer = Producer({**QUIET, **kafka.plain()})

    def publish_again() -> bool:
        for topic in (compacted, kept_briefly):
            producer.produce(topic, "value", "key")
        producer.flush(10)
        shortened = kafka.admin.offsets(kept_briefly, OffsetSpec.earliest())[0] > 0
        return shortened and len(kafka.admin.read(compacted)) < kafka.admin.offsets(compacted)[0] - 1

    wait_for(publish_again, "old records are gone")


def test_records_can_be_taken_away(kafka: Kafka, unique: Callable[[str], str]) -> None:
    kafka.admin.create_topics(topic := unique("short"))
    publish(kafka.plain(), topic, "a", "b", "c")
    kafka.admin.delete_records(topic, 0, 2)
    assert kafka.admin.offsets(topic, OffsetSpec.earliest()) == {0: 2}
    assert values(kafka, topic) == ["c"]


def test_no_password_is_in_command_line_environment_or_files(kafka: Kafka, unique: Callable[[str], str]) -> None:
    kafka.admin.add_user(unique("eve"), PASSWORD)
    process = Path(f"/proc/{kafka.pid}")
    told = [process / "cmdline", process / "environ", kafka.log, kafka.log.with_name("server.properties")]
    assert not [file for file in told if PASSWORD.encode() in file.read_bytes()]
