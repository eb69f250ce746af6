"""A tenant who may create streams in one namespace gets at nothing of another through the operator."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from cryptostream.core.resource.plan import plan
from tests.cluster.played_pods import secret
from tests.cluster.running import STREAM, STRIMZI, Cluster, Manifest, OperatorProcess, settled, stream
from tests.cluster.strimzi_answers import kafka
from tests.support.parts.process import wait_for
from tests.support.resources import stream as parsed

OWNER = "cryptostream.io/owner"
MINE = {"app.kubernetes.io/managed-by": "cryptostream-operator"}


@pytest.fixture(autouse=True)
def _clean(cluster: Cluster, operator: OperatorProcess) -> Iterator[None]:
    del operator
    yield
    for namespace in ("market", "other", "unserved"):
        for each in cluster.find(STREAM, "CryptoStream", namespace):
            cluster.delete(STREAM, "CryptoStream", namespace, each["metadata"]["name"])
    wait_for(lambda: not cluster.find(STREAM, "CryptoStream", "market"), "streams are gone")
    cluster.apply(kafka(**{"cryptostream.io/allowed-namespaces": "market"}))


def told(cluster: Cluster, name: str, kind: str, reason: str, namespace: str = "market") -> str:
    """Wait for a condition with this reason; its message."""
    found: Callable[[], Manifest] = lambda: cluster.condition(name, kind, namespace)  # noqa: E731 - asked again and again
    wait_for(lambda: found().get("reason") == reason, f"{kind} says {reason}, not {found()}", 20)
    return str(found()["message"])


def in_kafka(cluster: Cluster, kind: str, api_version: str = STRIMZI) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in cluster.find(api_version, kind, "kafka")}


def test_a_kafka_is_not_for_a_namespace_that_its_owner_did_not_name(cluster: Cluster) -> None:
    """A tenant who may create streams in one namespace cannot read, write or claim another's topics, users, buckets,
    secrets through the operator: each way is tried, prefix tricks among them.
    """
    cluster.apply(stream("thief", "other"))
    message = told(cluster, "thief", "KafkaReady", "KafkaNotGranted", "other")
    assert "cryptostream.io/allowed-namespaces" in message
    settled(cluster)
    assert not [name for name in in_kafka(cluster, "KafkaTopic") if name.startswith("other.")]
    assert not [each for each in in_kafka(cluster, "KafkaUser").values() if _owner(each).startswith("other/")]


@pytest.mark.parametrize("granted", ["", "mark", "market-2", "marke*", "market/other", "arket"])
def test_a_grant_is_for_whole_names(cluster: Cluster, granted: str) -> None:
    cluster.apply(kafka(**{"cryptostream.io/allowed-namespaces": granted}))
    cluster.apply(stream("near"))
    told(cluster, "near", "KafkaReady", "KafkaNotGranted")


def _owner(each: Manifest) -> str:
    return str(each["metadata"].get("annotations", {}).get(OWNER, ""))


def topic(name: str, **annotations: str) -> Manifest:
    labels = {"strimzi.io/cluster": "market", **(MINE if annotations else {})}
    metadata = {"name": name, "namespace": "kafka", "labels": labels, "annotations": annotations}
    spec = {"topicName": name, "partitions": 1}
    return {"apiVersion": STRIMZI, "kind": "KafkaTopic", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize("annotations", [{}, {OWNER: "other/taker"}, {OWNER: "market/taker2"}, {OWNER: "arket/taker"}])
def test_topics_of_others_are_never_claimed(cluster: Cluster, annotations: dict[str, str]) -> None:
    before = cluster.apply(topic("market.taker.prices-1m", **annotations))
    cluster.apply(stream("taker"))
    assert "market.taker.prices-1m" in told(cluster, "taker", "KafkaReady", "NameTaken")
    settled(cluster)
    after = in_kafka(cluster, "KafkaTopic")["market.taker.prices-1m"]
    assert after["spec"] == before["spec"]
    assert _owner(after) == annotations.get(OWNER, "")
    cluster.delete(STREAM, "CryptoStream", "market", "taker")
    wait_for(lambda: cluster.stream("taker") is None, "the stream is gone")
    assert "market.taker.prices-1m" in in_kafka(cluster, "KafkaTopic"), "a deletion takes only its own"
    cluster.delete(STRIMZI, "KafkaTopic", "kafka", "market.taker.prices-1m")
    wait_for(lambda: "market.taker.prices-1m" not in in_kafka(cluster, "KafkaTopic"), "the topic is gone")


def test_a_user_whose_short_digest_is_the_same_is_not_shared(cluster: Cluster) -> None:
    """Ten digits of a digest can be searched for: the claim decides, not the name."""
    spec = parsed(kafka={"cluster": {"name": "market", "namespace": "kafka"}})
    user = plan(spec).users[0].name
    victim = {
        "apiVersion": STRIMZI,
        "kind": "KafkaUser",
        "metadata": {
            "name": user,
            "namespace": "kafka",
            "labels": {"strimzi.io/cluster": "market", **MINE},
            "annotations": {OWNER: "other/victim"},
        },
        "spec": {"authentication": {"type": "scram-sha-512"}},
    }
    password = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"{user}-password",
            "namespace": "kafka",
            "labels": MINE,
            "annotations": {OWNER: "other/victim"},
        },
        "stringData": {"password": "of-the-victim"},
    }
    cluster.apply(victim)
    cluster.apply(password)
    cluster.apply(stream("sample"))
    assert user in told(cluster, "sample", "KafkaReady", "NameTaken")
    settled(cluster)
    assert "of-the-victim" not in secret(cluster, "sample-producer-kafka").values()
    assert _owner(in_kafka(cluster, "KafkaUser")[user]) == "other/victim"
    cluster.delete(STRIMZI, "KafkaUser", "kafka", user)
    cluster.delete("v1", "Secret", "kafka", f"{user}-password")
    wait_for(lambda: cluster.condition("sample", "KafkaReady")["reason"] != "NameTaken", "it clears by itself", 20)


def test_a_certificate_is_copied_only_from_the_streams_own_user(cluster: Cluster) -> None:
    spec = {"cluster": {"name": "market", "namespace": "kafka"}, "authentication": "Tls"}
    user = plan(replace(parsed(kafka=spec), name="certified")).users[0].name
    data = dict.fromkeys(("ca.crt", "user.crt", "user.key"), "b2Ygc29tZWJvZHkgZWxzZQ==")
    metadata = {"name": user, "namespace": "kafka"}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    assert cluster.api.ask(
        "PUT", f"/api/v1/namespaces/kafka/secrets/{user}", json={"metadata": metadata, "data": data}
    ).ok
    cluster.apply(stream("certified", kafka=spec))
    told(cluster, "certified", "KafkaReady", "Ready")
    wait_for(lambda: secret(cluster, "certified-producer-kafka"), "the certificate of its own user", 20)
    assert secret(cluster, "certified-producer-kafka")["user.key"] == f"user.key of {user}"
    cluster.delete("v1", "Secret", "kafka", user)


def test_objects_of_the_tenant_with_names_of_children_stay_theirs(cluster: Cluster) -> None:
    own: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "mine-assignment", "namespace": "market"},
        "data": {"important": "yes"},
    }
    cluster.apply(own)
    cluster.apply(stream("mine"))
    assert "mine-assignment" in told(cluster, "mine", "Applied", "ApplyFailed")
    kept = cluster.get("v1", "ConfigMap", "market", "mine-assignment")
    assert kept is not None
    assert kept["data"] == {"important": "yes"}
    cluster.delete("v1", "ConfigMap", "market", "mine-assignment")
    told(cluster, "mine", "Applied", "Applied")


def test_objects_with_forged_labels_are_neither_taken_nor_deleted(cluster: Cluster) -> None:
    """What another owner holds is left alone, whatever its labels say."""
    cluster.apply(stream("real"))
    told(cluster, "real", "KafkaReady", "Ready")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "5b7cf5a1-0000-4000-8000-000000000000"}
    labels = {"cryptostream.io/stream": "real", "cryptostream.io/owner-uid": "x", **MINE}
    for namespace in ("market", "other"):
        metadata: dict[str, Any] = {"name": "forged", "namespace": namespace, "labels": labels}
        metadata |= {"ownerReferences": [owner], "annotations": {OWNER: "market/real"}}
        cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}})
    settled(cluster)
    for namespace in ("market", "other"):
        found = cluster.get("v1", "ConfigMap", namespace, "forged")
        assert found is not None
        assert found["data"] == {"a": "b"}
        cluster.delete("v1", "ConfigMap", namespace, "forged")


def test_a_revoked_grant_takes_the_users_and_leaves_the_topics(cluster: Cluster) -> None:
    cluster.apply(stream("outlawed"))
    told(cluster, "outlawed", "KafkaReady", "Ready")
    cluster.apply(kafka(**{"cryptostream.io/allowed-namespaces": "nobody"}))
    told(cluster, "outlawed", "KafkaReady", "KafkaNotGranted")
    users = in_kafka(cluster, "KafkaUser")
    wait_for(lambda: not [each for each in users.values() if _still(cluster, each)], "no user is left", 20)
    assert [name for name in in_kafka(cluster, "KafkaTopic") if name.startswith("market.outlawed.")]
    cluster.apply(kafka(**{"cryptostream.io/allowed-namespaces": "market"}))
    told(cluster, "outlawed", "KafkaReady", "Ready")


def _still(cluster: Cluster, user: Manifest) -> bool:
    return _owner(user) == "market/outlawed" and user["metadata"]["name"] in in_kafka(cluster, "KafkaUser")


def test_limits_of_the_owner_hold_for_all_streams_of_a_namespace(cluster: Cluster) -> None:
    cluster.apply(kafka(**{"cryptostream.io/allowed-namespaces": "market"}))
    cluster.apply(stream("first"))
    told(cluster, "first", "KafkaReady", "Ready")
    own = [name for name in in_kafka(cluster, "KafkaTopic") if name.startswith("market.")]
    limits = {"cryptostream.io/max-topics": str(len(own) + 2)}
    cluster.apply(kafka(**{"cryptostream.io/allowed-namespaces": "market", **limits}))
    cluster.apply(stream("second"))
    assert "max-topics" in told(cluster, "second", "KafkaReady", "OverLimit")
    settled(cluster)
    assert not [name for name in in_kafka(cluster, "KafkaTopic") if name.startswith("market.second.")]
    told(cluster, "first", "KafkaReady", "Ready")


def test_what_a_resource_refers_to_is_in_its_namespace(cluster: Cluster) -> None:
    """References have no namespace, and names no slashes."""
    outside: tuple[dict[str, Any], ...] = (
        {"storeRef": {"name": "other/default"}},
        {"storeRef": {"name": "default", "namespace": "other"}},
        {"kafka": {"bootstrap": "a:1", "secretName": "other/secret"}},
        {"egress": {"caSecretName": "../other"}},
    )
    for spec in outside:
        answer = cluster.api.ask(
            "POST",
            "/apis/cryptostream.io/v1alpha1/namespaces/market/cryptostreams?fieldValidation=Strict",
            json=stream("outside", **spec),
        )
        assert answer.status_code in {400, 422}, answer.text


def test_other_namespaces_are_not_served(cluster: Cluster) -> None:
    """cluster-wide or a list of namespaces"""
    cluster.apply(stream("ignored", "unserved"))
    cluster.apply(stream("served"))
    told(cluster, "served", "KafkaReady", "Ready")
    found = cluster.stream("ignored", "unserved")
    assert found is not None
    assert "status" not in found
    assert "finalizers" not in found["metadata"]
