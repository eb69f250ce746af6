from typing import Any

import pytest

from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.spec import Kafka
from cryptostream.core.result import Err, Ok
from cryptostream_operator.reconcile.kafka import children, complaint_of, find, not_configured, over_limits
from cryptostream_operator.reconcile.values import Live, ref_of
from cryptostream_operator.render.names import ALLOWED_NAMESPACES, MAX_PARTITIONS, MAX_TOPICS
from cryptostream_operator.render.site import KafkaEndpoint
from tests.support.resources import stream
from tests.unit.operating.cases import STRIMZI

SPEC = stream(kafka=STRIMZI)
READY = {"conditions": [{"type": "Ready", "status": "True"}], "observedGeneration": 1}


def named(authentication: str = "ScramSha512") -> Kafka:
    given = stream(kafka={**STRIMZI, "authentication": authentication}).kafka
    assert given is not None
    return given


def kafka(status: dict[str, Any] | None = None, **annotations: str) -> Live:
    listeners = [
        {"name": "plain", "port": 9092, "type": "internal", "tls": False},
        {"name": "tls", "port": 9093, "type": "internal", "tls": True, "authentication": {"type": "tls"}},
        {"name": "scram", "port": 9094, "type": "internal", "tls": True, "authentication": {"type": "scram-sha-512"}},
    ]
    told = [
        {
            "name": each["name"],
            "bootstrapServers": f"market-kafka-bootstrap.kafka.svc:{each['port']}",
            **({"certificates": ["-----BEGIN CERTIFICATE-----"]} if each["tls"] else {}),
        }
        for each in listeners
    ]
    manifest = {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "Kafka",
        "metadata": {"name": "market", "namespace": "kafka", "uid": "k", "generation": 1, "annotations": annotations},
        "spec": {"kafka": {"listeners": listeners}},
        "status": {**READY, "listeners": told} if status is None else status,
    }
    return Live(ref_of(manifest), "k", manifest)


def granted(**more: str) -> Live:
    return kafka(None, **{ALLOWED_NAMESPACES: "other, market", **more})


@pytest.mark.parametrize(
    ("authentication", "port", "encrypted"), [("ScramSha512", 9094, True), ("Tls", 9093, True), ("None", 9092, False)]
)
def test_the_listener_is_the_one_of_the_authentication(authentication: str, port: int, encrypted: bool) -> None:
    found = find(named(authentication), granted(), namespace="market")
    assert isinstance(found, Ok)
    assert found.value.endpoint == KafkaEndpoint(
        bootstrap=f"market-kafka-bootstrap.kafka.svc:{port}",
        authenticated=authentication != "None",
        own_ca=encrypted,
        cluster="market",
        namespace="kafka",
    )
    assert (found.value.ca is not None) == encrypted


def refusal(live: Live | None, *, namespace: str = "market", authentication: str = "ScramSha512") -> tuple[str, str]:
    found = find(named(authentication), live, namespace=namespace)
    assert isinstance(found, Err)
    assert (found.error.type, found.error.status) == ("KafkaReady", "False")
    return found.error.reason, found.error.message


def test_what_is_missing_is_said_with_what_helps() -> None:
    assert refusal(None) == (
        "KafkaNotFound",
        "Kafka kafka/market is not there: create it, or correct spec.kafka.cluster.",
    )
    assert refusal(kafka({}, **{ALLOWED_NAMESPACES: "market"}))[0] == "KafkaNotReady"
    told = {"conditions": [{"type": "NotReady", "status": "True", "message": "Pods resource is not ready"}]}
    assert refusal(kafka(told, **{ALLOWED_NAMESPACES: "*"})) == (
        "KafkaNotReady",
        "Kafka kafka/market is not ready: Pods resource is not ready",
    )
    assert not_configured().reason == "KafkaNotConfigured"


def test_a_kafka_is_for_its_own_namespace_and_those_it_is_granted_to() -> None:
    assert isinstance(find(named(), kafka(), namespace="kafka"), Ok)
    assert refusal(kafka())[0] == "KafkaNotGranted"
    assert isinstance(find(named(), kafka(), namespace="market", granted=["market"]), Ok)
    assert refusal(granted(), namespace="mark")[0] == "KafkaNotGranted"
    assert refusal(granted(), namespace="market-2")[0] == "KafkaNotGranted"


def test_a_listener_that_is_not_there_is_named() -> None:
    plain = {**READY, "listeners": [{"name": "plain", "bootstrapServers": "a:9092"}]}
    reason, message = refusal(kafka(plain, **{ALLOWED_NAMESPACES: "market"}))
    assert reason == "NoListener"
    assert "authentication scram-sha-512" in message


def topic(name: str, status: dict[str, Any] | None, partitions: int = 6) -> Live:
    manifest: dict[str, Any] = {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": name, "namespace": "kafka", "generation": 1},
        "spec": {"partitions": partitions},
    }
    return Live(ref_of(manifest), name, manifest if status is None else {**manifest, "status": status})


def test_topics_and_users_are_ready_when_strimzi_says_so_of_all() -> None:
    assert children([topic("a", READY), topic("b", READY)], 2).status == "True"
    assert children([topic("a", READY)], 2).reason == "Creating"
    conflict = {
        "conditions": [{"type": "Ready", "status": "False", "reason": "ResourceConflict", "message": "Managed by x"}]
    }
    told = children([topic("a", READY), topic("b", conflict)], 2)
    assert (told.reason, told.message) == ("KafkaTopicNotReady", "KafkaTopic kafka/b: Managed by x")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (None, "Strimzi has not said yet that it is ready"),
        ({"conditions": [{"type": "ReconciliationPaused", "status": "True"}]}, "ReconciliationPaused"),
        ({"conditions": [{"type": "Unmanaged", "status": "True"}]}, "Unmanaged"),
        ({**READY, "observedGeneration": 0}, "Strimzi has not seen its newest version yet"),
        (
            {"conditions": [{"type": "NotReady", "status": "True", "reason": "ExecutionException"}]},
            "ExecutionException",
        ),
        (READY, None),
    ],
)
def test_complaints_of_both_of_strimzis_operators_are_understood(
    status: dict[str, Any] | None, told: str | None
) -> None:
    assert complaint_of(topic("a", status).manifest) == told


def test_limits_of_the_owner_are_kept() -> None:
    planned = plan(SPEC)
    assert over_limits(granted(), planned, []) is None
    assert over_limits(granted(**{MAX_TOPICS: "3", MAX_PARTITIONS: "18"}), planned, []) is None
    refused = over_limits(granted(**{MAX_TOPICS: "3"}), planned, [topic("other", READY)])
    assert refused is not None
    assert refused.reason == "OverLimit"
    assert over_limits(granted(**{MAX_PARTITIONS: "17"}), planned, []) is not None
