"""What is wrong is said in words, and unsaid when it is no longer so. Pods are played, what they answer is real."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from cryptostream.core.codec.status import (
    ExchangeStatus,
    LogStatus,
    PartitionStatus,
    SeriesStatus,
    Status,
    StoreStatus,
    status_of,
)
from tests.cluster.played_pods import StatusPage, labels_of, pod, put, take_away
from tests.cluster.running import STREAM, STRIMZI, Cluster, Manifest, OperatorProcess, removed, settled, stream
from tests.cluster.strimzi_answers import Strimzi, kafka
from tests.cluster.test_drift import token_secret
from tests.support.parts.process import wait_for
from tests.support.resources import bad_resources, documents

NAME = "told"
MINUTE = 60_000
STORE = {
    "apiVersion": STREAM,
    "kind": "CandleStore",
    "metadata": {"name": "played", "namespace": "market"},
    "spec": {"external": {"url": "http://127.0.0.1:1", "org": "x", "tokenSecretRef": {"name": "none"}}},
}


def says(cluster: Cluster, kind: str, reason: str, name: str = NAME, patience: float = 30) -> str:
    """Wait until a condition has this reason; its message."""
    wait_for(
        lambda: cluster.condition(name, kind).get("reason") == reason,
        f"{kind} says {reason}, not {cluster.condition(name, kind)}",
        patience,
    )
    return str(cluster.condition(name, kind)["message"])


@pytest.fixture
def pages() -> Iterator[dict[str, StatusPage]]:
    made = {role: StatusPage({}) for role in ("producer", "consumer")}
    yield made
    for page in made.values():
        page.close()


@pytest.fixture
def flowing(
    cluster: Cluster, operator: OperatorProcess, pages: dict[str, StatusPage]
) -> Iterator[dict[str, StatusPage]]:
    """A stream whose pods run and say that all is well; the store's word is played."""
    del operator
    for role, page in pages.items():
        page.document = shown(healthy()[role])
    made = cluster.apply(stream(NAME, consumer={"replicas": 1}))
    cluster.apply(token_secret(made))
    for role, page in pages.items():
        put(cluster, pod(f"{NAME}-{role}-0", labels_of(NAME, role), "http", page.port))
    says(cluster, "Fresh", "Flowing")
    yield pages
    for role in pages:
        take_away(cluster, f"{NAME}-{role}-0")
    removed(cluster, NAME)


def shown(status: Status) -> Mapping[str, Any]:
    found: Mapping[str, Any] = msgspec.to_builtins(status)
    return found


def healthy(**changes: Any) -> dict[str, Status]:
    """What both say when the last candle is stored; it stays true for an hour."""
    now = time.time_ns() // 1_000_000
    later = now - now % MINUTE + 60 * MINUTE
    common: Any = {"stream": f"market.{NAME}", "generation": 1, "observed_at": now * 1000}
    series: Any = {"symbol": "BTCUSDC", "interval": "1m"}
    return {
        "producer": status_of(
            role="producer",
            series=[
                SeriesStatus(
                    **series,
                    next_open=later,
                    expected=100,
                    gaps=changes.get("gaps", {}),
                    market=changes.get("market", "TRADING"),
                )
            ],
            exchange=ExchangeStatus(banned_until=changes.get("banned_until")),
            log=changes.get("log", LogStatus(reachable=True)),
            **common,
        ),
        "consumer": status_of(
            role="consumer",
            series=[SeriesStatus(**series, newest_open=changes.get("newest", later))],
            partitions=[PartitionStatus("prices-1m", 0, changes.get("lag", 0))],
            store=changes.get("store", StoreStatus(reachable=True)),
            **common,
        ),
    }


def put_on(pages: Mapping[str, StatusPage], **changes: Any) -> None:
    for role, document in healthy(**changes).items():
        pages[role].document = shown(document)


def test_pods_that_run_and_answer_are_told(cluster: Cluster, flowing: Mapping[str, StatusPage]) -> None:
    del flowing
    assert cluster.condition(NAME, "ProducersReady")["status"] == "True"
    assert cluster.condition(NAME, "ConsumersReady")["status"] == "True"
    assert cluster.condition(NAME, "Complete")["status"] == "True"
    status = (cluster.stream(NAME) or {})["status"]
    assert status["series"] == {"total": 1, "trading": 1, "fresh": "1/1", "complete": 1}
    assert status["completenessPercent"] == "100.00"


def test_a_settled_stream_with_pods_costs_no_write(cluster: Cluster, flowing: Mapping[str, StatusPage]) -> None:
    settled(cluster)
    before = len(cluster.writes("operator"))
    put_on(flowing, lag=7)  # a batch on its way
    time.sleep(12)  # more than two looks at the pods: what does not happen has no event to wait for
    assert [f"{each['verb']} {each['objectRef']}" for each in cluster.writes("operator")[before:]] == []


def test_a_late_series_is_named(cluster: Cluster, flowing: Mapping[str, StatusPage]) -> None:
    put_on(flowing, newest=1_761_711_720_000)
    assert "BTCUSDC 1m" in says(cluster, "Fresh", "Stale")
    worst = (cluster.stream(NAME) or {})["status"]["worst"]
    assert worst == [{"symbol": "BTCUSDC", "interval": "1m", "missing": 0, "reason": "its newest candle is late"}]
    put_on(flowing)
    says(cluster, "Fresh", "Flowing")


def test_missing_candles_are_counted(cluster: Cluster, flowing: Mapping[str, StatusPage]) -> None:
    put_on(flowing, gaps={"pending": 7})
    assert "93.00 %" in says(cluster, "Complete", "CandlesMissing")
    assert (cluster.stream(NAME) or {})["status"]["missing"] == 7
    put_on(flowing)
    says(cluster, "Complete", "ObjectiveMet")


def test_a_delisted_symbol_is_named_and_does_no_harm(cluster: Cluster, flowing: Mapping[str, StatusPage]) -> None:
    """symbol delisted: the condition says it in words a user can act on, and clears by itself"""
    put_on(flowing, market="DELISTED", newest=1_761_711_720_000)
    wait_for(lambda: "BTCUSDC DELISTED" in cluster.condition(NAME, "Fresh")["message"], "it is named", 60)
    assert cluster.condition(NAME, "Fresh")["status"] == "True"
    put_on(flowing)
    wait_for(lambda: "DELISTED" not in cluster.condition(NAME, "Fresh")["message"], "it clears", 60)


def test_a_ban_is_told_and_handed_to_the_group(cluster: Cluster, flowing: Mapping[str, StatusPage]) -> None:
    """address banned: the condition says it in words a user can act on, and clears by itself"""
    until = time.time_ns() // 1_000_000 + 20_000
    put_on(flowing, banned_until=until)
    assert "refuses this address until" in says(cluster, "ProducersReady", "AddressBanned")
    wait_for(lambda: str(until)[:10] in assignment(cluster), "the assignment says so")
    touched = cluster.get("v1", "Pod", "market", f"{NAME}-producer-0") or {}
    assert "cryptostream.io/assignment" in touched["metadata"]["annotations"]
    put_on(flowing)
    says(cluster, "ProducersReady", "Running", patience=60)
    wait_for(lambda: str(until)[:10] not in assignment(cluster), f"it is as before: {assignment(cluster)}", 20)


def assignment(cluster: Cluster) -> str:
    found = cluster.get("v1", "ConfigMap", "market", f"{NAME}-assignment") or {}
    return str(found["data"]["assignment.json"])


def test_a_store_that_is_full_is_told(cluster: Cluster, flowing: Mapping[str, StatusPage]) -> None:
    """InfluxDB's volume full: the condition says it. The consumer's word is played; that it clears is not shown."""
    del flowing
    made = cluster.apply(STORE)
    try:
        page = StatusPage({})
        page.document = shown(
            healthy(store=StoreStatus(reachable=False, last_error="no space left on device"))["consumer"]
        )
        document = {**page.document, "stream": "market.full"}
        page.document = document
        full = cluster.apply(stream("full", storeRef={"name": "played"}))
        cluster.apply(token_secret(full))
        put(cluster, pod("full-consumer-0", labels_of("full", "consumer"), "http", page.port))
        assert "played" in says(cluster, "StoreReady", "SecretNotFound", "full")
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "Ready",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        # The operator says otherwise of this store at its next look; until then the consumer's word is to be heard.
        assert cluster.merge(made, {"status": {"conditions": [ready]}}, "status").ok
        assert "no space left on device" in says(cluster, "StoreReady", "StoreRefuses", "full")
    finally:
        take_away(cluster, "full-consumer-0")
        page.close()
        removed(cluster, "full")
        cluster.delete(STREAM, "CandleStore", "market", "played")


def test_pods_that_do_not_answer_are_unknown(cluster: Cluster, flowing: Mapping[str, StatusPage]) -> None:
    flowing["consumer"].close()
    says(cluster, "Fresh", "NoAnswer")
    assert cluster.condition(NAME, "Fresh")["status"] == "Unknown"
    assert "completenessPercent" not in (cluster.stream(NAME) or {})["status"]


def test_pods_that_do_not_run_are_told_in_kubernetes_words(cluster: Cluster, flowing: Mapping[str, StatusPage]) -> None:
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "x"'}
    box = {
        "name": "main",
        "ready": False,
        "restartCount": 0,
        "image": "x",
        "imageID": "",
        "state": {"waiting": waiting},
    }
    manifest = pod(f"{NAME}-producer-0", labels_of(NAME, "producer"), "http", flowing["producer"].port)
    put(cluster, manifest, [{"type": "Ready", "status": "False"}], containerStatuses=[box])
    assert "ImagePullBackOff: Back-off pulling" in says(cluster, "ProducersReady", "Failing")
    put(cluster, manifest, containerStatuses=[])
    says(cluster, "ProducersReady", "Running")


def test_kafka_may_come_later(cluster: Cluster, operator: OperatorProcess) -> None:
    """Kafka not there yet: the condition says it in words a user can act on, and clears by itself"""
    del operator
    cluster.apply(stream("early", kafka={"cluster": {"name": "later", "namespace": "kafka"}}))
    assert "Kafka kafka/later is not there" in says(cluster, "KafkaReady", "KafkaNotFound", "early")
    cluster.apply(kafka("later", **{"cryptostream.io/allowed-namespaces": "market"}))
    says(cluster, "KafkaReady", "Ready", "early")
    removed(cluster, "early")
    cluster.delete(STRIMZI, "Kafka", "kafka", "later")


COMPLAINTS: list[tuple[str, Manifest]] = [
    ("user", {"type": "NotReady", "status": "True", "reason": "ExecutionException", "message": "no authorizer"}),
    (
        "topic",
        {"type": "Ready", "status": "False", "reason": "ResourceConflict", "message": "Managed by Ref{name='first'}"},
    ),
]


@pytest.mark.parametrize(("what", "complaint"), COMPLAINTS)
def test_complaints_of_strimzi_are_handed_on(
    cluster: Cluster, operator: OperatorProcess, strimzi: Strimzi, what: str, complaint: Manifest
) -> None:
    """user NotReady, topic in conflict: the condition says it in words a user can act on, and clears by itself"""
    del operator
    cluster.apply(stream("grieved"))
    says(cluster, "KafkaReady", "Ready", "grieved")
    kind = "KafkaTopic" if what == "topic" else "KafkaUser"
    names = [
        each["metadata"]["name"]
        for each in cluster.find(STRIMZI, kind, "kafka")
        if each["metadata"]["annotations"].get("cryptostream.io/owner") == "market/grieved"
    ]
    strimzi.complaints[names[0]] = complaint
    message = says(cluster, "KafkaReady", f"{kind}NotReady", "grieved")
    assert names[0] in message
    assert complaint["message"] in message
    strimzi.complaints.clear()
    says(cluster, "KafkaReady", "Ready", "grieved")
    removed(cluster, "grieved")


@pytest.mark.parametrize(
    "bad", [each for each in bad_resources() if all(f.seen_by == "parser" for f in each.faults)], ids=str
)
def test_what_only_the_parser_sees_is_a_condition(cluster: Cluster, operator: OperatorProcess, bad: Any) -> None:
    """The corpus of 60 invalid resources is refused by the API server or answered by a condition; no traceback
    anywhere.
    """
    del operator
    (document,) = documents(bad.file)
    metadata = {**document["metadata"], "namespace": "market", "name": "faulty"}
    made = cluster.apply({**document, "metadata": metadata})
    kind = document["kind"]
    wait_for(lambda: cluster.condition("faulty", "Accepted", of=kind), "an answer", 20)
    told = cluster.condition("faulty", "Accepted", of=kind)
    assert (told["status"], told["reason"]) == ("False", "Invalid")
    assert bad.faults[0].path in told["message"]
    assert made["metadata"]["generation"] == told["observedGeneration"]
    cluster.delete(STREAM, kind, "market", "faulty")
    wait_for(lambda: cluster.get(STREAM, kind, "market", "faulty") is None, "it can be deleted", 20)
