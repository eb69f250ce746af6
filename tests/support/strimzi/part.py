"""Strimzi's part for tests: the program beside them, and the resources that a user of Strimzi writes."""

import sys
from pathlib import Path
from typing import Any

from tests.support.data import ROOT
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import Server
from tests.support.strimzi.api import STRIMZI, Manifest
from tests.support.strimzi.told import CLUSTER

LISTENERS: tuple[Manifest, ...] = (
    {"name": "plain", "port": 9092, "type": "internal", "tls": False},
    {"name": "tls", "port": 9093, "type": "internal", "tls": True, "authentication": {"type": "tls"}},
    {"name": "scram", "port": 9094, "type": "internal", "tls": True, "authentication": {"type": "scram-sha-512"}},
)


class Strimzi(Server):
    """Its operators for the Kafka resource `cluster` of `namespace`, which stands for the broker `kafka`.

    All users of the broker are its own: it removes those without a KafkaUser. `interval` is that of the looks at
    everything, seconds. `garbage`: whether Secrets of what is gone are removed, as controllers would that an API server
    alone does not have.
    """

    def __init__(
        self,
        folder: Path,
        kubeconfig: Path,
        kafka: Kafka,
        *,
        namespace: str = "kafka",
        cluster: str = "market",
        interval: float = 2.0,
        ignored_users: str = "",
        garbage: bool = True,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.namespace = namespace
        self.cluster = cluster
        self._begun = folder / "begun"
        addresses = {"none": kafka.bootstrap, "tls": kafka.tls_bootstrap, "scram-sha-512": kafka.scram_bootstrap}
        flags: dict[str, Any] = {
            "kubeconfig": kubeconfig,
            "kafka": kafka.bootstrap,
            "tls": kafka.authority.cert.parent,
            "namespace": namespace,
            "cluster": cluster,
            "interval": interval,
            "ignored-users": ignored_users,
            "ready": self._begun,
        }
        command: list[str | Path] = [sys.executable, "-m", "tests.support.strimzi"]
        command += [f"--{key}={value}" for key, value in flags.items()]
        command += [f"--listener={key}={value}" for key, value in addresses.items()]
        command += ["--collect"] if garbage else []
        super().__init__("strimzi", command, folder / "strimzi.log", self._told, folder=ROOT)

    def _told(self) -> bool:
        return self._begun.exists() and self._begun.read_text() == str(self.pid)

    # ------------------------------------------------------------ what a user writes

    def kafka(self, **annotations: str) -> Manifest:
        """The Kafka resource, with a listener of each kind."""
        return self._resource("Kafka", self.cluster, {"kafka": {"listeners": [*LISTENERS]}}, annotations)

    def topic(self, name: str, annotations: dict[str, str] | None = None, **spec: Any) -> Manifest:
        """A KafkaTopic."""
        return self._resource("KafkaTopic", name, spec, annotations or {})

    def user(self, name: str, authentication: Manifest | None = None, *acls: Manifest, **spec: Any) -> Manifest:
        """A KafkaUser, by password unless said otherwise, with these rules."""
        how = {"authentication": authentication or {"type": "scram-sha-512"}}
        rules = {"authorization": {"type": "simple", "acls": [*acls]}} if acls else {}
        return self._resource("KafkaUser", name, {**how, **rules, **spec}, {})

    def _resource(self, kind: str, name: str, spec: Manifest, annotations: dict[str, str]) -> Manifest:
        metadata = {
            "name": name,
            "namespace": self.namespace,
            "labels": {CLUSTER: self.cluster},
            "annotations": annotations,
        }
        return {"apiVersion": STRIMZI, "kind": kind, "metadata": metadata, "spec": spec}
