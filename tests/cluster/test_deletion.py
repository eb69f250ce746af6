"""What a deletion does, leaves and says; and that it always ends."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster.running import STREAM, STRIMZI, Cluster, Manifest, OperatorProcess, settled, stream
from tests.cluster.strimzi_answers import Strimzi
from tests.support.parts.process import wait_for


@pytest.fixture(autouse=True)
def _running(operator: OperatorProcess, strimzi: Strimzi) -> Iterator[None]:
    del operator
    yield
    strimzi.paused = False


def topics(cluster: Cluster, name: str) -> list[Manifest]:
    found = cluster.find(STRIMZI, "KafkaTopic", "kafka")
    return [each for each in found if each["metadata"]["name"].startswith(f"market.{name}.")]


def users(cluster: Cluster, name: str) -> list[Manifest]:
    owner = f"market/{name}"
    found = [*cluster.find(STRIMZI, "KafkaUser", "kafka"), *cluster.find("v1", "Secret", "kafka")]
    return [each for each in found if each["metadata"].get("annotations", {}).get("cryptostream.io/owner") == owner]


def begun(cluster: Cluster, name: str, **spec: Any) -> Manifest:
    made = cluster.apply(stream(name, **spec))
    wait_for(lambda: cluster.condition(name, "KafkaReady").get("status") == "True", "Kafka is ready", 20)
    return made


def gone(cluster: Cluster, name: str, patience: float = 20) -> float:
    """Delete it; how many seconds it took."""
    at = time.monotonic()
    cluster.delete(STREAM, "CryptoStream", "market", name)
    wait_for(lambda: cluster.stream(name) is None, f"{name} is gone", patience)
    return time.monotonic() - at


def test_retained_topics_stay_and_are_adopted_again(cluster: Cluster) -> None:
    """Retain orphans the topic and adopts it again, users always go"""
    begun(cluster, "kept")
    before = {each["metadata"]["uid"] for each in topics(cluster, "kept")}
    gone(cluster, "kept")
    left = topics(cluster, "kept")
    assert {each["metadata"]["uid"] for each in left} == before
    assert not [each for each in left if "cryptostream.io/owner-uid" in each["metadata"]["labels"]]
    assert all("deletionTimestamp" not in each["metadata"] for each in left)
    wait_for(lambda: not users(cluster, "kept"), "users and passwords are gone")
    again = begun(cluster, "kept")
    adopted = topics(cluster, "kept")
    assert {each["metadata"]["uid"] for each in adopted} == before
    assert {each["metadata"]["labels"]["cryptostream.io/owner-uid"] for each in adopted} == {again["metadata"]["uid"]}
    cluster.apply(stream("kept", deletionPolicy="Delete"))
    gone(cluster, "kept")


def test_with_the_policy_delete_topics_go_too(cluster: Cluster) -> None:
    begun(cluster, "dropped", deletionPolicy="Delete")
    gone(cluster, "dropped")
    assert not topics(cluster, "dropped")
    assert not users(cluster, "dropped")


def test_a_deletion_without_strimzi_ends_and_says_what_it_leaves(cluster: Cluster, strimzi: Strimzi) -> None:
    """deletion while Kafka, Strimzi or InfluxDB is gone ends in bounded time and says what it left"""
    made = begun(cluster, "lonely", deletionPolicy="Delete")
    strimzi.paused = True
    assert gone(cluster, "lonely", 40) > 3
    uid = made["metadata"]["uid"]
    told = [each for each in cluster.find("v1", "Event", "market") if each["involvedObject"]["uid"] == uid]
    (left,) = [each for each in told if each["reason"] == "LeftBehind"]
    assert left["type"] == "Warning"
    assert "KafkaTopic kafka/market.lonely.prices-1m is not removed yet by Strimzi" in left["message"]
    strimzi.paused = False
    wait_for(lambda: not topics(cluster, "lonely"), "Strimzi has caught up")


def test_a_deletion_with_an_influxdb_that_is_gone_ends(cluster: Cluster) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "away-token", "namespace": "market"}}
    cluster.apply({**secret, "stringData": {"token": "unknown"}})
    cluster.apply(
        {
            "apiVersion": STREAM,
            "kind": "CandleStore",
            "metadata": {"name": "away", "namespace": "market"},
            "spec": {"external": {"url": "http://127.0.0.1:1", "org": "x", "tokenSecretRef": {"name": "away-token"}}},
        }
    )
    begun(cluster, "storeless", deletionPolicy="Delete", storeRef={"name": "away"})
    said = cluster.condition("storeless", "StoreReady")
    assert said["status"] == "False"
    assert "does not answer" in said["message"]
    uid = cluster.stream("storeless")["metadata"]["uid"]  # type: ignore[index] # it is there
    gone(cluster, "storeless", 40)
    told = [each for each in cluster.find("v1", "Event", "market") if each["involvedObject"]["uid"] == uid]
    (left,) = [each["message"] for each in told if each["reason"] == "LeftBehind"]
    assert "does not answer" in left
    cluster.delete(STREAM, "CandleStore", "market", "away")
    wait_for(lambda: cluster.get(STREAM, "CandleStore", "market", "away") is None, "the store is gone", 40)


def test_a_store_stays_while_a_stream_refers_to_it(cluster: Cluster) -> None:
    begun(cluster, "refers")
    cluster.delete(STREAM, "CandleStore", "market", "default")
    wait_for(_says(cluster, "CryptoStream market/refers refers to it"), "it says who holds it")
    gone(cluster, "refers")
    wait_for(lambda: cluster.get(STREAM, "CandleStore", "market", "default") is None, "the store is gone", 20)
    admin = cluster.get("v1", "Secret", "market", "default-influxdb-admin")
    assert admin is not None, "the administrator stays with the volume"
    assert "ownerReferences" not in admin["metadata"]


def _says(cluster: Cluster, text: str) -> Callable[[], bool]:
    return lambda: text in cluster.condition("default", "Ready", of="CandleStore").get("message", "")


def test_what_the_stream_leaves_in_its_namespace_is_kubernetes_to_remove(cluster: Cluster) -> None:
    made = begun(cluster, "collected")
    gone(cluster, "collected")
    settled(cluster)
    uid = made["metadata"]["uid"]
    for version, kind in (("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("apps/v1", "Deployment")):
        for each in cluster.find(version, kind, "market", "cryptostream.io/stream=collected"):
            assert [owner["uid"] for owner in each["metadata"]["ownerReferences"]] == [uid]
