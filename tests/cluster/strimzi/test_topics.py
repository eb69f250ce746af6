"""KafkaTopics: each row of what the real Topic Operator was seen to do."""

from typing import Any

import pytest

from tests.cluster.strimzi.seeing import Seen
from tests.support.parts.kafka import Kafka
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.process import wait_for
from tests.support.strimzi.api import TOPIC
from tests.support.strimzi.part import Strimzi
from tests.support.strimzi.topic_operator import FINALIZER

HOUR = 3_600_000
UNMANAGED = {"strimzi.io/managed": "false"}
PAUSED = {"strimzi.io/pause-reconciliation": "true"}


def test_a_topic_is_made(seen: Seen, strimzi: Strimzi) -> None:
    """created: Ready=True, finalizer `strimzi.io/topic-operator`."""
    found = seen.ready(strimzi.topic("orders", partitions=3, replicas=1, config={"retention.ms": 2 * HOUR}))
    topic = seen.topic("orders")
    assert len(topic.replicas) == 3
    assert topic.config["retention.ms"] == str(2 * HOUR)
    assert found["metadata"]["finalizers"] == [FINALIZER]
    status = found["status"]
    assert status["topicId"] == topic.id
    assert status["topicName"] == "orders"
    assert status["observedGeneration"] == found["metadata"]["generation"]
    assert status.keys() == {"conditions", "observedGeneration", "topicId", "topicName"}


def test_without_numbers_the_broker_decides(seen: Seen, strimzi: Strimzi) -> None:
    """partitions, replicas absent: broker default."""
    seen.ready(strimzi.topic("plain", topicName="Plain_One"))
    assert seen.topic("Plain_One").replicas == {0: 1}


def test_a_topic_of_nobody_is_left_alone(seen: Seen, strimzi: Strimzi) -> None:
    """label missing: ignored, no status, no finalizer."""
    manifest = strimzi.topic("unlabelled")
    del manifest["metadata"]["labels"]
    seen.apply(manifest)
    seen.ready(strimzi.topic("after"))
    found = seen.get(TOPIC, "unlabelled")
    assert "status" not in found
    assert "finalizers" not in found["metadata"]
    assert seen.topics.find("unlabelled") is None


def test_an_unmanaged_topic_is_left_alone(seen: Seen, strimzi: Strimzi) -> None:
    """`strimzi.io/managed: "false"`: condition `Unmanaged=True`, nothing created, no finalizer if new."""
    seen.apply(strimzi.topic("unmanaged", UNMANAGED))
    found = seen.condition(TOPIC, "unmanaged", "Unmanaged")
    assert "finalizers" not in found["metadata"]
    assert found["status"].keys() == {"conditions", "observedGeneration"}
    assert seen.topics.find("unmanaged") is None


def test_a_topic_that_is_no_longer_managed_outlives_its_resource(seen: Seen, strimzi: Strimzi) -> None:
    """On an existing one finalizer stays, topicId/topicName go; deleting the CR keeps the Kafka topic."""
    seen.ready(strimzi.topic("released"))
    seen.apply(strimzi.topic("released", UNMANAGED))
    found = seen.condition(TOPIC, "released", "Unmanaged")
    assert found["metadata"]["finalizers"] == [FINALIZER]
    assert found["status"].keys() == {"conditions", "observedGeneration"}
    seen.api.delete(TOPIC, "released")
    seen.gone(TOPIC, "released")
    assert seen.topics.find("released") is not None


def test_a_paused_topic_stays_as_it_is(seen: Seen, strimzi: Strimzi) -> None:
    """`strimzi.io/pause-reconciliation: "true"`: `ReconciliationPaused=True` (no Ready), topicName kept."""
    seen.ready(strimzi.topic("paused", partitions=1))
    seen.apply(strimzi.topic("paused", PAUSED, partitions=2))
    found = seen.condition(TOPIC, "paused", "ReconciliationPaused")
    assert found["status"]["topicName"] == "paused"
    assert len(seen.topic("paused").replicas) == 1


def test_partitions_only_grow(seen: Seen, strimzi: Strimzi) -> None:
    """Partitions increased: applied; decreased: Ready=False `NotSupported`."""
    seen.ready(strimzi.topic("growing", partitions=2))
    seen.ready(strimzi.topic("growing", partitions=4))
    seen.topic("growing", lambda topic: len(topic.replicas) == 4)
    said = seen.refused(strimzi.topic("growing", partitions=3), "NotSupported")
    assert said == "Decreasing partitions not supported"
    assert len(seen.topic("growing").replicas) == 4


def test_replicas_never_change(seen: Seen, strimzi: Strimzi) -> None:
    """Replicas changed (no Cruise Control): Ready=False `NotSupported`."""
    seen.ready(strimzi.topic("copied", partitions=5, replicas=1))
    said = seen.refused(strimzi.topic("copied", partitions=5, replicas=2), "NotSupported")
    assert said == "Replication factor change not supported, but required for partitions [0, 1, 2, 3, 4]"


def test_a_topic_keeps_its_name(seen: Seen, strimzi: Strimzi) -> None:
    """spec.topicName changed: Ready=False `NotSupported`; back to old name -> Ready."""
    seen.ready(strimzi.topic("named", topicName="first.name"))
    said = seen.refused(strimzi.topic("named", topicName="other.name"), "NotSupported")
    assert said == "Changing spec.topicName is not supported"
    assert seen.get(TOPIC, "named")["status"]["topicName"] == "first.name"
    seen.ready(strimzi.topic("named", topicName="first.name"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"unknown.key": 1}, "Unknown topic config name: unknown.key"),
        (
            {"min.insync.replicas": -4},
            "Invalid value -4 for configuration min.insync.replicas: Value must be at least 1",
        ),
    ],
)
def test_bad_settings_are_refused_in_kafkas_words(
    seen: Seen, strimzi: Strimzi, config: dict[str, Any], said: str
) -> None:
    """Bad config key / value: Ready=False `KafkaError` "…InvalidConfigurationException: …"; on a new one and later."""
    whole = f"org.apache.kafka.common.errors.InvalidConfigurationException: {said}"
    assert seen.refused(strimzi.topic("badly", config=config), "KafkaError") == whole
    seen.ready(strimzi.topic("badly", partitions=1))
    assert seen.refused(strimzi.topic("badly", config=config), "KafkaError") == whole


def test_more_replicas_than_brokers_are_refused(seen: Seen, strimzi: Strimzi) -> None:
    """replicas > brokers: Ready=False `KafkaError` "…InvalidReplicationFactorException: …"."""
    said = seen.refused(strimzi.topic("wide", replicas=3), "KafkaError")
    assert said.startswith(
        "org.apache.kafka.common.errors.InvalidReplicationFactorException: Unable to replicate the partition 3 time(s)"
    )
    assert "only 1 broker(s) are registered" in said


def test_a_setting_that_goes_from_the_resource_goes_from_the_topic(seen: Seen, strimzi: Strimzi) -> None:
    """Config key removed from spec: removed from the topic."""
    seen.ready(strimzi.topic("settled", config={"retention.ms": HOUR, "cleanup.policy": ["compact", "delete"]}))
    assert seen.topic("settled").config["cleanup.policy"] == "compact,delete"
    seen.ready(strimzi.topic("settled", config={"cleanup.policy": "delete"}))
    topic = seen.topic("settled", lambda topic: "retention.ms" not in topic.own)
    assert topic.config["cleanup.policy"] == "delete"


def test_an_adopted_topic_loses_what_the_resource_does_not_say(seen: Seen, strimzi: Strimzi, broker: Kafka) -> None:
    """Existing Kafka topic, CR with `spec: {}`: adopted, Ready; its override was reset; spec stays {}."""
    broker.admin.create_topics("adopted", partitions=3, config={"retention.ms": str(HOUR)})
    found = seen.ready(strimzi.topic("adopted"))
    assert found["spec"] == {}
    topic = seen.topic("adopted", lambda topic: not topic.own)
    assert found["status"]["topicId"] == topic.id
    assert len(topic.replicas) == 3


def test_a_topic_that_is_lost_is_made_again(seen: Seen, strimzi: Strimzi, broker: Kafka) -> None:
    """Topic deleted in Kafka: re-created at the next periodic reconciliation (new topicId)."""
    former = seen.ready(strimzi.topic("lost", partitions=2))["status"]["topicId"]
    broker.admin.delete_topics("lost")
    topic = seen.topic("lost")
    assert topic.id != former
    wait_for(lambda: seen.get(TOPIC, "lost")["status"]["topicId"] == topic.id, "the new id is told")


def test_a_topic_goes_with_its_resource(seen: Seen, strimzi: Strimzi) -> None:
    """CR deleted: Kafka topic deleted, then finalizer removed."""
    seen.ready(strimzi.topic("going"))
    seen.api.delete(TOPIC, "going")
    seen.gone(TOPIC, "going")
    assert seen.topics.find("going") is None


def test_a_resource_waits_for_the_operator_to_go(seen: Seen, strimzi: Strimzi) -> None:
    """CR deleted while the TO is down: hangs with deletionTimestamp; done when the TO is back."""
    seen.ready(strimzi.topic("hanging"))
    strimzi.kill()
    seen.api.delete(TOPIC, "hanging")
    assert "deletionTimestamp" in seen.get(TOPIC, "hanging")["metadata"]
    strimzi.start()
    seen.gone(TOPIC, "hanging")
    assert seen.topics.find("hanging") is None


@pytest.mark.parametrize(
    ("api_version", "spec"), [("v1", {"partitions": 0}), ("v1", {"foo": 1}), ("v1beta2", {"partitions": 1})]
)
def test_what_the_schema_forbids_is_refused_by_the_api_server(
    seen: Seen, strimzi: Strimzi, neighbours: ApiServer, api_version: str, spec: dict[str, Any]
) -> None:
    """partitions: 0 / unknown field / apiVersion v1beta2: rejected by the API server."""
    manifest = {**strimzi.topic("forbidden", **spec), "apiVersion": f"kafka.strimzi.io/{api_version}"}
    path = f"/apis/kafka.strimzi.io/{api_version}/namespaces/{strimzi.namespace}/kafkatopics?fieldValidation=Strict"
    assert not neighbours.ask("POST", path, json=manifest).ok
    assert seen.api.get(TOPIC, "forbidden") is None


def test_kafkas_own_topics_get_no_resource(seen: Seen, strimzi: Strimzi, broker: Kafka) -> None:
    """Kafka-only topics: not turned into KafkaTopics."""
    broker.admin.create_topics("only-there")
    seen.ready(strimzi.topic("beside"))
    assert seen.api.get(TOPIC, "only-there") is None
    assert seen.topics.find("only-there") is not None


def test_a_settled_topic_is_written_no_more(seen: Seen, strimzi: Strimzi) -> None:
    """A status is written when it changes, however often the operator looks."""
    version = seen.ready(strimzi.topic("settled-down"))["metadata"]["resourceVersion"]
    seen.ready(strimzi.topic("later"))
    strimzi.kill()
    strimzi.start()
    seen.ready(strimzi.topic("even-later"))
    assert seen.get(TOPIC, "settled-down")["metadata"]["resourceVersion"] == version
