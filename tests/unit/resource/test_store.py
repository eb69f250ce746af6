from typing import Any

from cryptostream.core.resource.parse_store import parse_store
from cryptostream.core.resource.store_spec import Bucket, Buckets, External, Managed, SecretKey, StoreSpec
from cryptostream.core.result import Ok
from tests.support.resources import CORPUS, documents, faults_of


def store(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "cryptostream.io/v1alpha1",
        "kind": "CandleStore",
        "metadata": {"name": "default", "namespace": "market"},
        "spec": spec,
    }


def parsed(document: object) -> StoreSpec:
    result = parse_store(document)
    assert isinstance(result, Ok), result
    return result.value


def test_a_store_of_its_own_has_a_default_for_everything() -> None:
    assert parsed(store(managed={})) == StoreSpec(name="default", namespace="market", instance=Managed())
    assert parsed(store(managed={})).buckets == Buckets(Bucket("marketdata_raw"), Bucket("marketdata_enriched"))


def test_every_field_that_is_written_arrives() -> None:
    spec = parsed(documents(CORPUS / "good/store-with-everything.yaml")[0])
    assert spec == StoreSpec(
        name="shared",
        namespace="market",
        instance=Managed("100Gi", "fast", '{"requests":{"memory":"2Gi"}}', "2.7.12", "None"),
        buckets=Buckets(Bucket("candles", 31_536_000, 604_800), Bucket("rows", 63_072_000, 604_800)),
        deletion_policy="Delete",
    )


def test_a_store_of_somebody_else() -> None:
    spec = parsed(documents(CORPUS / "good/store-of-somebody-else.yaml")[0])
    assert spec.instance == External(
        "https://influxdb.example:8086",
        "Trading desk",
        SecretKey("influxdb", "admin-token"),
        SecretKey("influxdb-ca", "ca.crt"),
    )


def test_all_faults_are_told() -> None:
    document = store(
        external={"url": "influxdb", "tokenSecretRef": {"key": "token"}}, buckets={"raw": {"retentionSeconds": 1}}
    )
    assert [fault.path for fault in faults_of(document)] == [
        "spec.external.url",
        "spec.external.org",
        "spec.external.tokenSecretRef.name",
        "spec.buckets.raw.retentionSeconds",
    ]


def test_a_shard_may_be_as_long_as_the_retention() -> None:
    bucket = {"retentionSeconds": 86_400, "shardSeconds": 86_400}
    assert faults_of(store(managed={}, buckets={"raw": bucket})) == ()


def test_an_instance_of_the_wrong_type_is_one_fault() -> None:
    assert [fault.path for fault in faults_of(store(managed=True))] == ["spec.managed"]
