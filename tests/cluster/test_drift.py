"""Children that were deleted or edited come back as they were; a changed spec changes what it must and nothing else."""

import copy
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cryptostream_operator.reconcile.drift import drift
from tests.cluster.running import STREAM, STRIMZI, Cluster, Manifest, OperatorProcess, settled, stream
from tests.support.parts.process import wait_for

NAME = "drifting"
SOON = 5.0
"""Seconds within which it has to be repaired; the test itself waits longer, and compares."""
KINDS = (
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
)


@pytest.fixture(scope="module", autouse=True)
def _stream(cluster: Cluster, operator: OperatorProcess) -> Iterator[None]:
    """A whole stream; its store is played by the Secret that the store would write."""
    del operator
    made = cluster.apply(stream(NAME))
    cluster.apply(token_secret(made))
    wait_for(lambda: len(children(cluster)) > 20, "all children")
    settled(cluster)
    yield
    cluster.delete(STREAM, "CryptoStream", "market", NAME)
    wait_for(lambda: cluster.stream(NAME) is None, "the stream is gone")


def token_secret(made: Manifest) -> Manifest:
    name = made["metadata"]["name"]
    labels = {"cryptostream.io/stream": name, "app.kubernetes.io/managed-by": "cryptostream-operator"}
    owner = {"apiVersion": STREAM, "kind": "CryptoStream", "name": name, "uid": made["metadata"]["uid"]}
    metadata = {"name": f"{name}-store", "namespace": "market", "labels": labels, "ownerReferences": [owner]}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": "of a test"}}


def children(cluster: Cluster) -> dict[str, Manifest]:
    """All that the operator made for the stream, but not the store's Secret."""
    selector = f"cryptostream.io/stream={NAME}"
    found = [
        {"apiVersion": version, "kind": kind, **each}
        for version, kind in KINDS
        for each in cluster.find(version, kind, "market", selector)
    ]
    made = cluster.stream(NAME)
    uid = made["metadata"]["uid"] if made else ""
    for version, kind in ((STRIMZI, "KafkaTopic"), (STRIMZI, "KafkaUser"), ("v1", "Secret")):
        selected = cluster.find(version, kind, "kafka", f"cryptostream.io/owner-uid={uid}")
        found += [{"apiVersion": version, "kind": kind, **each} for each in selected]
    named = {f"{each['kind']} {each['metadata']['name']}": each for each in found}
    return {name: each for name, each in named.items() if name != f"Secret {NAME}-store"}


def owned(child: Manifest) -> Manifest:
    """What of a child is the operator's: labels, owners and what it says."""
    metadata = child["metadata"]
    kept: Manifest = {
        key: metadata[key] for key in ("name", "namespace", "labels", "ownerReferences") if key in metadata
    }
    rest: Manifest = {key: child[key] for key in ("spec", "data", "automountServiceAccountToken") if key in child}
    return {"metadata": kept, **rest}


def repaired(cluster: Cluster, before: dict[str, Manifest]) -> list[str]:
    now = children(cluster)
    return [
        f"{name}: {said}"
        for name, each in before.items()
        if (said := "missing" if name not in now else drift(_settable(name, each), owned(now[name])))
    ]


def _settable(name: str, child: Manifest) -> Manifest:
    """Without what the API server chooses."""
    wanted = copy.deepcopy(owned(child))
    if name.endswith("-password") or name.startswith("Secret"):
        wanted.pop("data", None)  # a password that was deleted is a new one
    wanted.get("spec", {}).pop("clusterIPs", None)
    return wanted


def back(cluster: Cluster, before: dict[str, Manifest], what: str) -> None:
    """It is as it was, within the time that is promised."""
    begun = time.monotonic()
    wait_for(lambda: not repaired(cluster, before), what, 20)
    assert time.monotonic() - begun < SOON, what


def test_children_that_are_deleted_are_back_within_seconds(cluster: Cluster) -> None:
    """Each child deleted, an owned field edited, its owner reference removed: back within 5 s"""
    for name, child in children(cluster).items():
        before = {name: child}
        uid = child["metadata"]["uid"]
        cluster.delete(child["apiVersion"], child["kind"], child["metadata"]["namespace"], child["metadata"]["name"])
        begun = time.monotonic()
        wait_for(lambda: children(cluster).get(name, child)["metadata"]["uid"] != uid, f"{name} is back", 20)  # noqa: B023
        assert time.monotonic() - begun < SOON, name
        assert not repaired(cluster, before)


def test_owned_fields_that_are_edited_are_repaired(cluster: Cluster) -> None:
    """Each child deleted, an owned field edited, its owner reference removed: back within 5 s"""
    for name, child in children(cluster).items():
        assert cluster.merge(child, {"metadata": {"labels": {"app.kubernetes.io/part-of": "mine"}}}).ok
        for patch in _edits(child):
            answer = cluster.merge(child, patch)
            assert answer.ok, answer.text
        back(cluster, {name: child}, f"what was edited of {name}")


def _edits(child: Manifest) -> Iterator[dict[str, Any]]:
    match child["kind"]:
        case "ConfigMap" | "Secret":
            yield {"data": {key: "aHVudGVyMg==" for key in child["data"] if key != "password"}}
        case "Deployment":
            yield {"spec": {"replicas": 5, "template": {"spec": {"automountServiceAccountToken": True}}}}
        case "NetworkPolicy":
            yield {"spec": {"egress": None}}
        case "Service":
            yield {"spec": {"selector": {"app.kubernetes.io/component": "other"}}}
        case "ServiceAccount":
            yield {"automountServiceAccountToken": True}
        case "PodDisruptionBudget":
            yield {"spec": {"maxUnavailable": 2}}
        case "PodMonitor":
            yield {"spec": {"selector": {"matchLabels": {"cryptostream.io/stream": "other"}}}}
        case "KafkaTopic":
            yield {"spec": {"config": {"cleanup.policy": "compact,delete"}}}
        case "KafkaUser":
            yield {"spec": {"authorization": {"acls": []}}}
        case _:
            raise AssertionError(child["kind"])


def test_owner_references_that_are_removed_are_back(cluster: Cluster) -> None:
    """Each child deleted, an owned field edited, its owner reference removed: back within 5 s"""
    before = {name: each for name, each in children(cluster).items() if "ownerReferences" in each["metadata"]}
    assert len(before) > 10
    for name, child in before.items():
        assert cluster.merge(child, {"metadata": {"ownerReferences": None}}).ok
        back(cluster, {name: child}, f"the owner of {name}")


def test_a_password_that_is_edited_reaches_the_pods(cluster: Cluster) -> None:
    source = next(each for name, each in children(cluster).items() if name.endswith("-producer-password"))
    assert cluster.merge(source, {"data": {"password": "aHVudGVyMg=="}}).ok
    copied = f"Secret {NAME}-producer-kafka"
    wait_for(lambda: children(cluster)[copied]["data"]["password"] == "aHVudGVyMg==", "the pods' copy follows", 20)


PRODUCER, CONSUMER = f"{NAME}-producer", f"{NAME}-consumer"
BOTH = {"deployments/" + PRODUCER, "deployments/" + CONSUMER}
CONFIGS = {f"configmaps/{PRODUCER}-config", f"configmaps/{CONSUMER}-config"}
ASSIGNMENT = f"configmaps/{NAME}-assignment"
USERS = {f"kafkausers/cs-{{digest}}-{role}" for role in ("producer", "consumer")}
TOPICS = {f"kafkatopics/market.{NAME}.{each}" for each in ("prices-1m", "dead-letter")}
CHANGES: list[tuple[dict[str, Any], set[str]]] = [
    ({"coins": ["BTC", "ETH"]}, {ASSIGNMENT}),
    ({"intervals": ["1m", "1h"]}, {f"kafkatopics/market.{NAME}.prices-1h", *USERS, *CONFIGS, *BOTH}),
    ({"source": {"pollSeconds": 60, "mode": "Rest"}}, CONFIGS | BOTH),
    ({"source": {"history": {"seconds": 86_400}}}, CONFIGS | BOTH),
    (
        {"source": {"endpoints": {"rest": ["https://example.org:8443"]}}},
        {*CONFIGS, *BOTH, f"networkpolicies/{PRODUCER}"},
    ),
    ({"indicators": [{"name": "sma", "function": "SMA", "params": {"timeperiod": 20}}]}, CONFIGS | BOTH),
    ({"validation": {"maxMovePercent": "10"}}, CONFIGS | BOTH),
    ({"objectives": {"freshnessSeconds": 30, "completenessPercent": "99"}}, set()),
    ({"kafka": {"cluster": {"name": "market", "namespace": "kafka"}, "topics": {"retentionSeconds": 864_000}}}, TOPICS),
    ({"producer": {"pod": {"nodeSelector": {"disk": "ssd"}}}}, {"deployments/" + PRODUCER}),
    ({"consumer": {"pod": {"priorityClassName": "high"}}}, {"deployments/" + CONSUMER}),
    ({"consumer": {"replicas": 1}}, {"deployments/" + CONSUMER, f"poddisruptionbudgets/{CONSUMER}"}),
    ({"consumer": {"replicas": 3}}, {"deployments/" + CONSUMER}),
    ({"egress": {"proxyUrl": "http://proxy.example:3128"}}, {*CONFIGS, *BOTH, f"networkpolicies/{PRODUCER}"}),
    ({"egress": {"caSecretName": "authority"}}, {f"configmaps/{PRODUCER}-config", "deployments/" + PRODUCER}),
    ({"egress": {"group": "office"}}, set()),
    ({"suspend": True}, {*BOTH, f"poddisruptionbudgets/{CONSUMER}"}),
    ({"deletionPolicy": "Delete"}, set()),
]


@pytest.mark.parametrize(
    ("change", "children_of_it"), CHANGES, ids=lambda each: "-".join(each) if isinstance(each, dict) else ""
)
def test_a_change_of_the_spec_changes_what_it_must_and_nothing_else(
    cluster: Cluster, change: dict[str, Any], children_of_it: set[str]
) -> None:
    """Every field of the spec changed on a live stream: exactly the children that must change do."""
    digest = next(iter(name for name in children(cluster) if name.startswith("KafkaUser"))).split("-")[1]
    wanted = {each.format(digest=digest) for each in children_of_it}
    for spec in (change, {}):  # there, and back again
        before = len(cluster.writes("operator"))
        generation = cluster.apply(stream(NAME, **spec))["metadata"]["generation"]
        wait_for(lambda: seen(cluster) == generation, "the change is seen", 20)  # noqa: B023
        settled(cluster, seconds=0.5)
        assert changed(cluster, before) == wanted


def seen(cluster: Cluster) -> int:
    found = cluster.stream(NAME) or {}
    return int(found.get("status", {}).get("observedGeneration", 0))


def changed(cluster: Cluster, before: int) -> set[str]:
    """The children that the operator has written since."""
    refs = [each["objectRef"] for each in cluster.writes("operator")[before:]]
    return {
        f"{ref['resource']}/{ref['name']}"
        for ref in refs
        if ref["resource"] not in {"events", "cryptostreams", "candlestores"}
    }
