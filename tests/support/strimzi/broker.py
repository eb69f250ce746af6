"""The broker's own certificate and what it trusts, in the files that it reads, and its word that it has read them."""

import os
from collections.abc import Iterable
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ClusterMetadata,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from cryptography import x509

from tests.support.strimzi import certificates
from tests.support.strimzi.authorities import Authority
from tests.support.strimzi.kafka_faults import ASKED, WAITED

_ENCRYPTED = ("SSL", "SASL_SSL")


class Broker:
    """The files `ca.crt` (trusted) and `broker.pem` (shown) of `folder`, as the broker has them in its settings."""

    def __init__(self, client: AdminClient, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._told: bytes | None = None

    @property
    def cluster_id(self) -> str:
        return str(self._metadata().cluster_id)

    def show(self, cluster: Authority, trusted: Iterable[bytes]) -> None:
        """Show a certificate of `cluster`, and trust these.

        The broker is told when they change, by each process once, and again until it has heard: nobody else knows what
        it has read.
        """
        wanted = b"".join(dict.fromkeys([cluster.pair.cert, *trusted]))
        if wanted == self._told:
            return
        shown = self._folder / "broker.pem"
        former = shown.read_bytes()
        certificate = former[former.index(b"-----BEGIN CERTIFICATE") :]
        if not certificates.signed_by(certificate, cluster.pair.cert):
            pair = certificates.renewed(x509.load_pem_x509_certificate(certificate), cluster.pair)
            _replace(shown, pair.key + pair.cert)
        _replace(self._folder / "ca.crt", wanted)
        self._reload()
        self._told = wanted

    def _reload(self) -> None:
        """Settings of the listeners, with the values that they had: Kafka reads the files again."""
        stores = {"keystore": self._folder / "broker.pem", "truststore": self._folder / "ca.crt"}
        for node in self._nodes():
            resource = ConfigResource(ResourceType.BROKER, node)
            found = self._client.describe_configs([resource], request_timeout=ASKED)[resource].result(WAITED)
            protocols = str(found["listener.security.protocol.map"].value).split(",")
            names = [name.lower() for name, kind in (each.split(":") for each in protocols) if kind in _ENCRYPTED]
            entries = [
                _entry(f"listener.name.{name}.ssl.{store}.{key}", value)
                for name in names
                for store, path in stores.items()
                for key, value in {"location": str(path), "type": "PEM"}.items()
            ]
            change = ConfigResource(ResourceType.BROKER, node, incremental_configs=entries)
            self._client.incremental_alter_configs([change], request_timeout=ASKED)[change].result(WAITED)

    def _nodes(self) -> list[str]:
        return [str(each) for each in self._metadata().brokers]

    def _metadata(self) -> ClusterMetadata:
        """Not by `describe_cluster`: librdkafka ends the process if a broker that has just come back names none."""
        found = self._client.list_topics(timeout=ASKED)
        if not found.brokers:
            raise KafkaException(KafkaError(KafkaError.BROKER_NOT_AVAILABLE))
        return found


def _entry(key: str, value: str) -> ConfigEntry:
    return ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)


def _replace(path: Path, content: bytes) -> None:
    """At once, readable by its owner only."""
    fresh = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)
