"""Strimzi's Cluster Operator for a Kafka that runs already: its authorities, and what the Kafka says of itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaException

from tests.support.strimzi.api import KAFKA, POOL, SECRET, Api, Manifest
from tests.support.strimzi.authorities import Authority, keep
from tests.support.strimzi.broker import Broker
from tests.support.strimzi.kafka_faults import java_text
from tests.support.strimzi.opaque import KIND
from tests.support.strimzi.told import CLUSTER, PAUSED, annotated, condition, tell

VERSION, KAFKA_VERSION, METADATA_VERSION = "1.2.0", "4.3.1", "4.3-IV0"


class ClusterOperator:
    """The Kafka called `cluster`.

    Parameters
    ----------
    addresses
        Where its listeners are, by their authentication (`scram-sha-512`, `tls`, `none`); those that are not named have
        the address that Strimzi gives them, a Service that nobody makes.
    first
        The authority that its broker and its clients have at first.
    collects
        Secrets of a Kafka that is gone are removed here, for a cluster without a garbage collector.
    """

    def __init__(
        self,
        api: Api,
        broker: Broker,
        cluster: str,
        addresses: Mapping[str, str],
        first: Authority,
        *,
        collects: bool = False,
    ) -> None:
        self._api = api
        self._collects = collects
        self._broker = broker
        self._cluster = cluster
        self._addresses = addresses
        self._first = first

    def everything(self) -> Iterable[str]:
        return (self._cluster,)

    def look(self, name: str) -> None:
        found = self._api.get(KAFKA, name) if name == self._cluster else None
        if found is None or "deletionTimestamp" in found["metadata"]:
            if self._collects and found is None and name == self._cluster:
                self._collect()
            return
        if annotated(found, PAUSED, "true"):
            tell(self._api, KAFKA, found, {"conditions": [condition("ReconciliationPaused")]})
            return
        try:
            said = self._manage(found)
        except KafkaException as fault:
            message = java_text(fault.args[0])
            said = {"conditions": [condition("NotReady", reason="TimeoutException", message=message)]}
        tell(self._api, KAFKA, found, said)

    def _collect(self) -> None:
        for each in self._api.list(SECRET, f"{CLUSTER}={self._cluster},{KIND}={KAFKA.name}")[0]:
            self._api.delete(SECRET, each["metadata"]["name"])

    def _manage(self, found: Manifest) -> Manifest:
        cluster = keep(self._api, found, "cluster", self._first)
        clients = keep(self._api, found, "clients", self._first)
        self._broker.show(cluster, [*cluster.trusted, *clients.trusted])
        pools = self._api.list(POOL, f"{CLUSTER}={self._cluster}")[0]
        kafka = found["spec"]["kafka"]
        return {
            "conditions": [condition("Ready")],
            "clusterId": self._broker.cluster_id,
            "kafkaVersion": kafka.get("version", KAFKA_VERSION),
            "kafkaMetadataVersion": kafka.get("metadataVersion", METADATA_VERSION),
            "operatorLastSuccessfulVersion": VERSION,
            "kafkaNodePools": [{"name": each["metadata"]["name"]} for each in pools],
            "listeners": [self._listener(each, cluster) for each in kafka["listeners"]],
        }

    def _listener(self, declared: Mapping[str, Any], cluster: Authority) -> Manifest:
        usual = f"{self._cluster}-kafka-bootstrap.{self._api.namespace}.svc:{declared['port']}"
        address = self._addresses.get(declared.get("authentication", {}).get("type", "none"), usual)
        host, _, port = address.rpartition(":")
        told = {"name": declared["name"], "addresses": [{"host": host, "port": int(port)}], "bootstrapServers": address}
        return {**told, "certificates": [cluster.pair.cert.decode()]} if declared["tls"] else told
