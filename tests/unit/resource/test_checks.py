from typing import Any

import pytest

from cryptostream.core.resource.checks import store_faults
from cryptostream.core.resource.parse_store import parse_store
from cryptostream.core.resource.store_spec import StoreSpec
from cryptostream.core.result import Ok
from tests.support.resources import NOW, document, faults_of, stream

KAFKA = {"cluster": {"name": "market"}}
EMA200 = {"name": "ema200", "function": "EMA", "params": {"timeperiod": 200}}
RETENTION = "spec.kafka.topics.retentionSeconds"


def paths(now: int | None = NOW, **spec: Any) -> list[str]:
    return [fault.path for fault in faults_of(document(**spec), now)]


def kept(seconds: int) -> dict[str, Any]:
    return {**KAFKA, "topics": {"retentionSeconds": seconds}}


def test_retention_must_reach_the_declared_history() -> None:
    history = {"history": {"seconds": 86_400}}
    assert paths(kafka=kept(86_399), source=history) == [RETENTION]
    assert paths(kafka=kept(86_400), source=history) == []


def test_retention_must_reach_the_window_of_the_shortest_interval() -> None:
    spec: dict[str, Any] = {"intervals": ["1m", "1d"], "indicators": [EMA200]}
    assert paths(kafka=kept(2072 * 60 - 1), **spec) == [RETENTION]
    assert paths(kafka=kept(2072 * 60), **spec) == []


def test_both_too_short_is_one_fault() -> None:
    (fault,) = faults_of(document(kafka=kept(60), source={"history": {"seconds": 86_400}}, indicators=[EMA200]))
    assert "must be at least 124320, as long as the window of indicator ema200" in fault.message


def test_an_undeclared_retention_is_long_enough_by_itself() -> None:
    assert paths(kafka=KAFKA, source={"history": {"seconds": 10**8}}) == []


def test_a_start_is_judged_where_the_time_is_known() -> None:
    source = {"history": {"startTime": "2026-10-31T00:00:00Z"}}
    assert paths(kafka=kept(86_399), source=source) == [RETENTION]
    assert paths(kafka=kept(86_400), source=source) == []
    assert paths(None, kafka=kept(60), source=source) == []


@pytest.mark.parametrize(("start", "wrong"), [("2026-11-01T00:00:00Z", False), ("2026-11-01T00:00:01Z", True)])
def test_history_begins_in_the_past(start: str, wrong: bool) -> None:
    source = {"history": {"startTime": start}}
    assert paths(source=source) == (["spec.source.history.startTime"] if wrong else [])
    assert paths(None, source=source) == []


def test_replicas_are_judged_by_the_partitions() -> None:
    assert paths(consumer={"replicas": 6}) == []
    assert paths(consumer={"replicas": 7}) == ["spec.consumer.replicas"]
    assert paths(consumer={"replicas": 7}, kafka={**KAFKA, "topics": {"partitions": 7}}) == []
    scaled = {"replicas": 9, "autoscaling": {"maxReplicas": 6}}
    assert paths(consumer=scaled) == []


def test_what_depends_on_a_faulty_field_is_not_judged() -> None:
    assert paths(consumer={"replicas": 7}, kafka={**KAFKA, "topics": {"partitions": 0}}) == [
        "spec.kafka.topics.partitions"
    ]
    assert paths(kafka=kept(60), indicators=[EMA200], intervals=["1m", "2m"]) == ["spec.intervals[1]"]


def test_fetching_must_end_within_thirty_days() -> None:
    coins = [f"C{place}" for place in range(200)]
    source = {"history": {"startTime": "2017-07-01T00:00:00Z"}}
    assert paths(coins=coins, intervals=["1s"], source=source) == []
    assert paths(coins=[*coins, *(f"D{place}" for place in range(400))], intervals=["1s"], source=source) == [
        "spec.source.history"
    ]


def a_store(**buckets: Any) -> StoreSpec:
    given = {
        "apiVersion": "cryptostream.io/v1alpha1",
        "kind": "CandleStore",
        "metadata": {"name": "default"},
        "spec": {"managed": {}, "buckets": buckets},
    }
    store = parse_store(given)
    assert isinstance(store, Ok)
    return store.value


@pytest.mark.parametrize(
    ("buckets", "wrong"),
    [
        ({}, []),
        ({"raw": {"retentionSeconds": 4 * 86_400}}, []),
        ({"raw": {"retentionSeconds": 86_400}}, ["raw"]),
        ({"raw": {"retentionSeconds": 4 * 86_400}, "enriched": {"retentionSeconds": 3600}}, ["enriched"]),
    ],
)
def test_a_store_must_keep_history_and_windows(buckets: dict[str, Any], wrong: list[str]) -> None:
    spec = stream(indicators=[EMA200], source={"history": {"seconds": 86_400}})
    faults = store_faults(spec, a_store(**buckets), NOW)
    assert [role for role in ("raw", "enriched") for fault in faults if f"keep {role} points" in fault.message] == wrong
    assert {fault.path for fault in faults} <= {"spec.storeRef.name"}


def test_a_store_must_keep_the_longest_of_the_intervals() -> None:
    spec = stream(intervals=["1m", "1d"])
    days = {"retentionSeconds": 499 * 86_400}
    assert len(store_faults(spec, a_store(raw=days, enriched=days), NOW)) == 2
    assert not store_faults(stream(), a_store(raw=days, enriched=days), NOW)
