"""Strimzi's answers without Strimzi: a thread that makes topics and users ready, as its operators would.

Only what the operator can see is played: status, finalizers, Secrets of users with certificates. There is no Kafka.

`tests.support.strimzi` does the same to a real Kafka. This one is for tests that need no Kafka, or in which
Strimzi is silent or says a chosen complaint.
"""

import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from tests.cluster.running import STRIMZI, Cluster, Manifest

FINALIZER = "strimzi.io/topic-operator"
LISTENERS = (
    {"name": "plain", "port": 9092, "type": "internal", "tls": False},
    {"name": "tls", "port": 9093, "type": "internal", "tls": True, "authentication": {"type": "tls"}},
    {"name": "scram", "port": 9094, "type": "internal", "tls": True, "authentication": {"type": "scram-sha-512"}},
)
CA = "-----BEGIN CERTIFICATE-----\nof the cluster\n-----END CERTIFICATE-----"


def kafka(name: str = "market", **annotations: str) -> Manifest:
    return {
        "apiVersion": STRIMZI,
        "kind": "Kafka",
        "metadata": {"name": name, "namespace": "kafka", "annotations": annotations},
        "spec": {"kafka": {"listeners": list(LISTENERS)}},
    }


def ready(generation: int, **more: Any) -> Manifest:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at}],
        "observedGeneration": generation,
        **more,
    }


class Strimzi:
    """Answers until it is closed; `paused` holds it up."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.paused = False
        self.complaints: dict[str, Manifest] = {}
        """Conditions by the name of a topic or user, to be told instead of that it is ready."""
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            if not self.paused:
                for kind in ("Kafka", "KafkaTopic", "KafkaUser"):
                    for each in self.cluster.find(STRIMZI, kind):
                        self._answer({"apiVersion": STRIMZI, "kind": kind, **each})

    def _answer(self, found: Manifest) -> None:
        metadata = found["metadata"]
        if "deletionTimestamp" in metadata:
            self.cluster.merge(found, {"metadata": {"finalizers": None}})
            return
        if found["kind"] == "KafkaTopic" and FINALIZER not in metadata.get("finalizers", ()):
            self.cluster.merge(found, {"metadata": {"finalizers": [FINALIZER]}})
        wanted = self._status(found)
        status = found.get("status", {})
        if status.get("observedGeneration") != metadata["generation"] or _types(status) != _types(wanted):
            self.cluster.merge(found, {"status": wanted}, "status")
            if found["kind"] == "KafkaUser":
                self._secret(found)

    def _status(self, found: Manifest) -> Manifest:
        metadata = found["metadata"]
        complaint = self.complaints.get(metadata["name"])
        if complaint is not None:
            return {**ready(metadata["generation"]), "conditions": [complaint]}
        if found["kind"] == "Kafka":
            told = [_listener(each, metadata["name"]) for each in found["spec"]["kafka"]["listeners"]]
            return ready(metadata["generation"], listeners=told)
        return ready(metadata["generation"])

    def _secret(self, user: Manifest) -> None:
        """What the User Operator makes for a user with a certificate."""
        if user["spec"]["authentication"]["type"] != "tls":
            return
        name, owner = user["metadata"]["name"], user["metadata"]
        reference = {"apiVersion": STRIMZI, "kind": "KafkaUser", "name": name, "uid": owner["uid"], "controller": False}
        data = {key: b64encode(f"{key} of {name}".encode()).decode() for key in ("ca.crt", "user.crt", "user.key")}
        metadata = {"name": name, "namespace": owner["namespace"], "ownerReferences": [reference]}
        self.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}, "strimzi")


def _types(status: Manifest) -> list[tuple[str, str, str]]:
    return [(each["type"], each["status"], each.get("message", "")) for each in status.get("conditions", ())]


def _listener(declared: Manifest, cluster: str) -> Manifest:
    return {
        "name": declared["name"],
        "bootstrapServers": f"{cluster}-kafka-bootstrap.kafka.svc:{declared['port']}",
        **({"certificates": [CA]} if declared["tls"] else {}),
    }


@contextmanager
def answering(cluster: Cluster) -> Iterator[Strimzi]:
    strimzi = Strimzi(cluster)
    try:
        yield strimzi
    finally:
        strimzi.close()
