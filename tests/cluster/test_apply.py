"""From a resource to all its children, and nothing more: on a real API server, with the operator as a process."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cryptostream_operator.reconcile.drift import drift
from tests.cluster.played_pods import managed_influx, secret
from tests.cluster.running import STREAM, STRIMZI, Cluster, Manifest, OperatorProcess, settled, stream
from tests.support.data import ROOT
from tests.support.parts.influx import Influx, RefusedError
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.process import wait_for

GOLDEN = ROOT / "tests/data/children"
UIDS = ("0c5f1d36-5f0f-4d0e-9c1b-3f7c6f3d2a10", "7b0f4a52-2c3e-4c62-8f0e-6a1f3a0b9d11")


@pytest.fixture(scope="module")
def influx(cluster: Cluster, operator: OperatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """The stream `sample` of the golden files, and its store, which answers."""
    del operator
    cluster.apply(stream("sample"))
    with managed_influx(cluster, tmp_path_factory.mktemp("influx")) as influx:
        wait_for(lambda: cluster.condition("sample", "StoreReady").get("status") == "True", "the store is ready")
        yield influx
    cluster.delete(STREAM, "CryptoStream", "market", "sample")
    wait_for(lambda: cluster.stream("sample") is None, "the stream is gone")


def golden(file: str, owner: str) -> list[Manifest]:
    """The documents of a golden file, as children of the owner that is there."""
    text = (GOLDEN / f"{file}.yaml").read_text()
    for uid in UIDS:
        text = text.replace(uid, owner)
    return list(yaml.safe_load_all(text))


def uid_of(cluster: Cluster, kind: str, name: str) -> str:
    found = cluster.get(STREAM, kind, "market", name)
    assert found is not None
    return str(found["metadata"]["uid"])


def differences(cluster: Cluster, wanted: list[Manifest]) -> list[str]:
    """What is not as wanted; configurations are left to their own hashes."""
    found = []
    for each in wanted:
        metadata = each["metadata"]
        live = cluster.get(each["apiVersion"], each["kind"], metadata["namespace"], metadata["name"])
        difference = "is missing" if live is None else drift(each, live)
        if difference:
            found.append(f"{each['kind']} {metadata['name']}: {difference}")
    return found


def test_all_children_are_there_and_equal_to_the_golden_files(cluster: Cluster, influx: Influx) -> None:
    """Apply → all children present and equal to the goldens"""
    del influx
    wanted = golden("minimal", uid_of(cluster, "CryptoStream", "sample"))
    assert len(wanted) > 15
    wait_for(lambda: not differences(cluster, wanted), f"all children: {differences(cluster, wanted)}", 20)


def test_the_children_of_the_store_are_those_of_its_golden_file(cluster: Cluster, influx: Influx) -> None:
    del influx
    wanted = golden("store", uid_of(cluster, "CandleStore", "default"))
    for each in wanted:
        if each["kind"] == "StatefulSet":  # the certificate is another one
            del each["spec"]["template"]["metadata"]["annotations"]
    assert not differences(cluster, wanted)


def test_a_second_reconcile_writes_nothing(
    cluster: Cluster, influx: Influx, operator: OperatorProcess, neighbours: ApiServer
) -> None:
    """the second reconcile writes nothing (counted in the API server's audit log)"""
    del influx, neighbours
    settled(cluster)
    before = len(cluster.writes("operator"))
    operator.restart()
    wait_for(operator.leads, "it leads again")
    line = 'cryptostream_operator_reconciles_total{kind="CryptoStream",reason="first",result="settled"}'
    wait_for(lambda: operator.measure(line) >= 1, "the stream was looked at")
    settled(cluster)
    assert [_told(each) for each in cluster.writes("operator")[before:]] == []


def test_the_end_of_a_stores_certificate_is_measured(influx: Influx, operator: OperatorProcess) -> None:
    """so that an alert tells of one that is not renewed"""
    del influx
    line = 'cryptostream_operator_certificate_expiry_timestamp_seconds{store="market/default"}'
    wait_for(lambda: operator.measure(line) > 0, "the store was looked at")
    assert 89 < (operator.measure(line) - time.time()) / 86_400 <= 90


def _told(each: dict[str, Any]) -> str:
    return f"{each['verb']} {each['objectRef']}"


def test_secrets_are_the_same_on_both_sides_and_users_read_by_reference(cluster: Cluster, influx: Influx) -> None:
    del influx
    for user in cluster.find(STRIMZI, "KafkaUser", "kafka"):
        reference = user["spec"]["authentication"]["password"]["valueFrom"]["secretKeyRef"]
        role = user["metadata"]["name"].rsplit("-", 1)[1]
        given = secret(cluster, f"sample-{role}-kafka")
        assert secret(cluster, reference["name"], "kafka")["password"] == given["password"]
        assert given["username"] == user["metadata"]["name"]
        assert len(given["password"]) >= 32


def test_the_token_of_a_stream_opens_its_buckets_and_no_more(cluster: Cluster, influx: Influx) -> None:
    texts = secret(cluster, "sample-store")
    influx.write("marketdata_raw", ["a b=1 1700000000000"], token=texts["token"])
    assert texts["ca.crt"] == secret(cluster, "default-influxdb-ca")["ca.crt"]
    with pytest.raises(RefusedError, match=r"40[134]"):
        influx._call("POST", "/api/v2/buckets", token=texts["token"], json={"name": "x", "orgID": "0123456789abcdef"})


def test_events_tell_each_action_once(cluster: Cluster, influx: Influx) -> None:
    del influx
    uid = uid_of(cluster, "CryptoStream", "sample")
    told = [each["message"] for each in cluster.find("v1", "Event", "market") if each["involvedObject"]["uid"] == uid]
    assert sum("Deployment market/sample-producer: it is not there" in each for each in told) == 1
    assert sum("ServiceAccount market/sample-producer: it is not there" in each for each in told) <= 1


def test_no_secret_is_told(cluster: Cluster, influx: Influx, operator: OperatorProcess, tmp_path: Path) -> None:
    """No secret in an Event, a status or the log."""
    del influx, tmp_path
    names = [("sample-store", "market"), ("sample-producer-kafka", "market"), ("default-influxdb-admin", "market")]
    secrets = [
        value
        for name, namespace in names
        for key, value in secret(cluster, name, namespace).items()
        if key in {"token", "password"}
    ]
    assert len(secrets) == 4
    said = operator.log.read_text() + yaml.safe_dump(
        [cluster.find("v1", "Event"), cluster.find(STREAM, "CryptoStream"), cluster.find(STREAM, "CandleStore")]
    )
    assert not [each for each in secrets if each in said]
