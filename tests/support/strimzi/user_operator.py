"""Strimzi's User Operator: KafkaUsers become credentials, access lists and Secrets; nobody else is left in Kafka."""

import re
from collections.abc import Iterable

from confluent_kafka import KafkaException

from tests.support.strimzi import users
from tests.support.strimzi.api import SECRET, USER, Api, Manifest
from tests.support.strimzi.authorities import clients
from tests.support.strimzi.kafka_faults import java_text
from tests.support.strimzi.kafka_users import KafkaUsers
from tests.support.strimzi.opaque import KIND, labels, opened, sealed
from tests.support.strimzi.told import PAUSED, annotated, belongs, condition, tell
from tests.support.strimzi.users import SCRAM, TLS, InvalidResourceError

MANAGER = "strimzi-user-operator"


class UserOperator:
    """The KafkaUsers of one Kafka, in the namespace of `api`.

    `ignored` is a pattern of names in Kafka that are left alone. `collects`: Secrets of users that are gone are removed
    here, for a cluster without a garbage collector.
    """

    def __init__(self, api: Api, kafka: KafkaUsers, cluster: str, *, ignored: str = "", collects: bool = False) -> None:
        self._api = api
        self._users = kafka
        self._cluster = cluster
        self._ignored = re.compile(ignored or "(?!)")
        self._collects = collects

    def everything(self) -> Iterable[str]:
        """Those that resources ask for, and those that are in Kafka."""
        asked = {each["metadata"]["name"] for each in self._api.list(USER)[0]}
        there = {each for each in self._users.names() if not self._ignored.fullmatch(each)}
        return asked | {each.removeprefix("CN=") for each in there}

    @staticmethod
    def concerned(secret: Manifest) -> str | None:
        """The user whose Secret this is."""
        mine = secret["metadata"].get("labels", {}).get(KIND) == USER.name
        return secret["metadata"]["name"] if mine else None

    def look(self, name: str) -> None:
        """Do what the resource of this name asks for; without one the user goes from Kafka."""
        found = self._api.get(USER, name)
        if found is None or not belongs(found, self._cluster) or "deletionTimestamp" in found["metadata"]:
            self._remove(name, found)
            return
        if annotated(found, PAUSED, "true"):
            tell(self._api, USER, found, {"conditions": [condition("ReconciliationPaused")]})
            return
        try:
            said = {"conditions": [condition("Ready")], **self._manage(found)}
        except InvalidResourceError as fault:
            said = {"conditions": [_not_ready(str(fault))]}
        except KafkaException as fault:
            said = {"conditions": [_not_ready(java_text(fault.args[0]))]}
        tell(self._api, USER, found, said)

    def _remove(self, name: str, found: Manifest | None) -> None:
        for each in _in_kafka(name):
            self._users.set_password(each, None)
            self._users.set_acls(each, set())
        if self._collects and found is None:
            secret = self._api.get(SECRET, name)
            if secret is not None and self.concerned(secret):
                self._api.delete(SECRET, name)

    def _manage(self, found: Manifest) -> dict[str, str]:
        """What is told of the user: its name, and its Secret if there is one."""
        name, kind = users.username(found), users.kind_of(found)
        if found["spec"].get("quotas"):
            raise InvalidResourceError("Quotas are not kept by Strimzi's part in tests")
        password = self._password(found) if kind == SCRAM else None
        if password is not None:
            self._keep(found, users.scram_data(name, password))
        elif kind == TLS:
            self._keep(found, users.tls_data(found, self._held(found), clients(self._api, self._cluster)))
        for each in _in_kafka(found["metadata"]["name"]):
            self._users.set_password(each, password if each == name else None)
            self._users.set_acls(each, users.acls(found, name) if each == name else set())
        return {"username": name, **({"secret": found["metadata"]["name"]} if kind in {SCRAM, TLS} else {})}

    def _password(self, found: Manifest) -> str:
        """The one that is given; or the one of the user's Secret; or a new one."""
        reference = users.password_reference(found)
        if reference is None:
            return self._held(found).get("password", b"").decode() or users.new_password()
        name, key = reference
        secret = self._api.get(SECRET, name)
        if secret is None:
            raise InvalidResourceError(f"Secret {name} in namespace {self._api.namespace} not found")
        password = opened(secret).get(key, b"").decode()
        if not password:
            raise InvalidResourceError(f"Secret {name} does not contain the key {key} with requested user password.")
        return password

    def _held(self, found: Manifest) -> dict[str, bytes]:
        return opened(self._api.get(SECRET, found["metadata"]["name"]))

    def _keep(self, found: Manifest, data: dict[str, str] | dict[str, bytes]) -> None:
        """The user's Secret, written if it is not so already."""
        name = found["metadata"]["name"]
        template = found["spec"].get("template", {}).get("secret", {}).get("metadata", {})
        said = {**template.get("labels", {}), **labels(self._cluster, USER.name, name, MANAGER)}
        wanted = sealed(name, {**found, "kind": USER.name}, data, said, template.get("annotations", {}))
        there = self._api.get(SECRET, name) or {}
        if there.get("data") != wanted["data"] or there["metadata"].get("labels") != said:
            self._api.apply(SECRET, name, wanted)


def _in_kafka(name: str) -> tuple[str, str]:
    """What Kafka calls a user, by password and by certificate."""
    return name, f"CN={name}"


def _not_ready(message: str) -> Manifest:
    return condition("NotReady", reason="ExecutionException", message=message)
