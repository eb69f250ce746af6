"""Small questions to Strimzi's part, the API server and the broker, and a place for what a test made."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient

from tests.support.parts.kafka import Kafka
from tests.support.parts.kafka_admin import ClientConfig
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.process import wait_for
from tests.support.strimzi.api import KAFKA, SECRET, TOPIC, USER, Api, Kind, Manifest
from tests.support.strimzi.kafka_topics import KafkaTopics
from tests.support.strimzi.kafka_users import KafkaUsers
from tests.support.strimzi.part import Strimzi
from tests.support.strimzi.topics import Topic

KINDS = {each.name: each for each in (KAFKA, TOPIC, USER)}
PATIENCE = 30.0


class Seen:
    """Objects are those of Strimzi's namespace."""

    def __init__(self, server: ApiServer, strimzi: Strimzi, kafka: Kafka) -> None:
        self.api = Api(server.kubeconfig(), strimzi.namespace)
        self.kafka = kafka
        client = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
        self.topics, self.users = KafkaTopics(client), KafkaUsers(client)

    # ------------------------------------------------------------ resources

    def apply(self, manifest: Mapping[str, Any]) -> Manifest:
        """As kubectl does it."""
        return self.api.apply(KINDS[manifest["kind"]], manifest["metadata"]["name"], manifest)

    def get(self, kind: Kind, name: str) -> Manifest:
        found = self.api.get(kind, name)
        assert found is not None, f"no {kind.name} {name}"
        return found

    def condition(self, kind: Kind, name: str, wanted: str, status: str = "True", reason: str = "") -> Manifest:
        """The resource, when it says this of its newest generation, and nothing else."""

        def said() -> Manifest | None:
            found = self.get(kind, name)
            told = found.get("status", {})
            if told.get("observedGeneration") != found["metadata"]["generation"]:
                return None
            (only,) = told["conditions"]
            right = (only["type"], only["status"], only.get("reason", "")) == (wanted, status, reason)
            return found if right else None

        try:
            return wait_for(said, f"{kind.name} {name} says {wanted}={status} {reason}", PATIENCE)
        except TimeoutError:
            raise AssertionError(f"{kind.name} {name} says {self.get(kind, name).get('status')}") from None

    def ready(self, manifest: Mapping[str, Any]) -> Manifest:
        """Apply it, and wait until Strimzi says that it is ready."""
        self.apply(manifest)
        return self.condition(KINDS[manifest["kind"]], manifest["metadata"]["name"], "Ready")

    def refused(self, manifest: Mapping[str, Any], reason: str) -> str:
        """Apply it, and wait until Strimzi says for this reason that it is not ready; the message."""
        self.apply(manifest)
        kind = KINDS[manifest["kind"]]
        shape = ("Ready", "False") if kind is TOPIC else ("NotReady", "True")
        return message(self.condition(kind, manifest["metadata"]["name"], *shape, reason))

    def gone(self, kind: Kind, name: str) -> None:
        wait_for(lambda: self.api.get(kind, name) is None, f"{kind.name} {name} is gone", PATIENCE)

    def secret(self, name: str) -> dict[str, bytes]:
        """What a Secret holds, when it is there."""
        found = wait_for(lambda: self.api.get(SECRET, name), f"Secret {name} is there", PATIENCE)
        return {key: b64decode(value) for key, value in found["data"].items()}

    def clean(self) -> None:
        """Nothing is left of the test's resources, whatever they were."""
        for kind in (TOPIC, USER):
            for each in self.api.list(kind)[0]:
                name = each["metadata"]["name"]
                self.api.delete(kind, name)
                self.gone(kind, name)

    # ------------------------------------------------------------ Kafka

    def topic(self, name: str, until: Callable[[Topic], bool] = lambda _: True) -> Topic:
        """The topic, when it is as it should be."""

        def right() -> Topic | None:
            found = self.topics.find(name)
            return found if found is not None and until(found) else None

        return wait_for(right, f"topic {name} is as it should be", PATIENCE)

    def absent(self, topic: str) -> None:
        wait_for(lambda: self.topics.find(topic) is None, f"topic {topic} is gone", PATIENCE)

    def may_list(self, how: ClientConfig) -> set[str] | None:
        """The topics that somebody sees who comes to Kafka so; None if he is not let in."""
        reader = Consumer({**how, "group.id": "seeing", "log_level": 0, "error_cb": lambda _: None})
        try:
            return set(reader.list_topics(timeout=3).topics)
        except KafkaException:
            return None
        finally:
            reader.close()

    def certificate(self, user: str, folder: Path, ca: bytes) -> ClientConfig:
        """How a user comes with the certificate of its Secret, trusting this authority."""
        for key, content in {**self.secret(user), "broker.crt": ca}.items():
            (folder / key).write_bytes(content)
        return {
            "bootstrap.servers": self.kafka.tls_bootstrap,
            "security.protocol": "ssl",
            "ssl.ca.location": str(folder / "broker.crt"),
            "ssl.certificate.location": str(folder / "user.crt"),
            "ssl.key.location": str(folder / "user.key"),
        }


def message(found: Mapping[str, Any]) -> str:
    (only,) = found["status"]["conditions"]
    return str(only["message"])
