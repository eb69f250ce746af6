"""The life of a stream and a store, as far as an API server alone has it: every right of the operator is used."""

from collections.abc import Iterator

from cryptostream_operator.render.names import ALLOWED_NAMESPACES
from tests.cluster.chart.rendering import apply
from tests.cluster.played_pods import put, take_away
from tests.cluster.running import COLLECTED, STREAM, Cluster, Manifest, removed, stream
from tests.cluster.strimzi_answers import kafka
from tests.support.parts.process import wait_for

LABEL = "cryptostream.io/stream=sample"
KEDA = ("keda.sh/v1alpha1", "ScaledObject")
FORMER = "-former"
POD, CLAIM = "sample-producer-0", "data-default-influxdb-0"
SCALED = {"autoscaling": {"minReplicas": 2, "maxReplicas": 6}}


def whole_life(cluster: Cluster) -> None:
    """Made, scaled by lag, given another coin, its store grown; both removed with all that is theirs."""
    cluster.apply(kafka(**{ALLOWED_NAMESPACES: "market"}))
    cluster.apply(stream("sample", consumer=SCALED, deletionPolicy="Delete"))
    wait_for(lambda: cluster.condition("sample", "KafkaReady").get("status") == "True", "topics and users", 40)
    wait_for(lambda: cluster.find("apps/v1", "StatefulSet", "market"), "a store is made for it", 30)
    wait_for(lambda: cluster.find(*KEDA, "market"), "consumers are scaled by lag", 30)
    assert cluster.condition("sample", "Applied")["status"] == "True"
    _changed(cluster)
    removed(cluster, "sample")
    cluster.delete(STREAM, "CandleStore", "market", "default")
    wait_for(lambda: not cluster.find(STREAM, "CandleStore", "market"), "the store is gone", 90)


def _changed(cluster: Cluster) -> None:
    for each in _of_a_former_version(cluster):
        cluster.apply(each)
    put(cluster, _producer(cluster))
    _bound(cluster)
    cluster.apply(stream("sample", coins=["BTC", "ETH"], deletionPolicy="Delete"))
    cluster.apply(_grown())
    wait_for(lambda: not cluster.find(*KEDA, "market"), "nothing scales the consumers any more", 30)
    wait_for(lambda: not _left(cluster), "what nothing asks for is removed", 30)
    wait_for(lambda: _told(cluster), "the producer's pod is told of another coin", 30)
    wait_for(lambda: _size(cluster) == "200Gi", "the volume grows", 30)
    take_away(cluster, POD)


def _of_a_former_version(cluster: Cluster) -> Iterator[Manifest]:
    """One of each kind of children, under a name that this version does not make."""
    for api_version, kind in COLLECTED:
        found = next(iter(cluster.find(api_version, kind, "market", LABEL)))
        metadata = {key: found["metadata"][key] for key in ("namespace", "labels")}
        metadata["name"] = found["metadata"]["name"] + FORMER
        spec = {key: value for key, value in found.get("spec", {}).items() if not key.startswith("clusterIP")}
        yield {"apiVersion": api_version, "kind": kind, "metadata": metadata} | ({"spec": spec} if spec else {})


def _left(cluster: Cluster) -> list[str]:
    there = (each for made in COLLECTED for each in cluster.find(*made, "market", LABEL))
    return [each["metadata"]["name"] for each in there if each["metadata"]["name"].endswith(FORMER)]


def _told(cluster: Cluster) -> bool:
    found = cluster.get("v1", "Pod", "market", POD) or {}
    return any("assignment" in key for key in found["metadata"].get("annotations", {}))


def _producer(cluster: Cluster) -> Manifest:
    """The pod that controllers make of the Deployment; they do not run here."""
    found = cluster.get("apps/v1", "Deployment", "market", "sample-producer") or {}
    template = found["spec"]["template"]
    metadata = {"name": POD, "namespace": "market", "labels": template["metadata"]["labels"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _bound(cluster: Cluster) -> None:
    """The volume that they make of the StatefulSet, of a class that lets volumes grow."""
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "growing"}}
    answer = apply(cluster.api, {**kind, "provisioner": "example.org/none", "allowVolumeExpansion": True})
    assert answer.ok, answer.text
    (owner,) = cluster.find("apps/v1", "StatefulSet", "market")
    (claim,) = owner["spec"]["volumeClaimTemplates"]
    metadata = {"name": CLAIM, "namespace": "market", "labels": claim["metadata"]["labels"]}
    spec = {**claim["spec"], "storageClassName": "growing"}
    made = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
    found = cluster.apply(made)
    assert cluster.merge(found, {"metadata": {"finalizers": None}}).ok  # nobody is here who would take them away
    assert cluster.merge(found, {"status": {"phase": "Bound"}}, "status").ok


def _grown() -> Manifest:
    spec = {"managed": {"storage": {"size": "200Gi"}}, "deletionPolicy": "Delete"}
    metadata = {"name": "default", "namespace": "market"}
    return {"apiVersion": STREAM, "kind": "CandleStore", "metadata": metadata, "spec": spec}


def _size(cluster: Cluster) -> str:
    found = cluster.get("v1", "PersistentVolumeClaim", "market", CLAIM) or {}
    return str(found["spec"]["resources"]["requests"]["storage"])
