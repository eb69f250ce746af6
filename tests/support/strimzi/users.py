"""What a KafkaUser asks for: its name in Kafka, its access lists, its credentials. Pure but for randomness."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from tests.support.strimzi import certificates
from tests.support.strimzi.certificates import Pair

SCRAM, TLS, TLS_EXTERNAL = "scram-sha-512", "tls", "tls-external"
LONGEST = 64
RENEWED_BEFORE = 30
_TYPES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "cluster": ResourceType.BROKER,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
_PATTERNS = {"literal": ResourcePatternType.LITERAL, "prefix": ResourcePatternType.PREFIXED}
_PERMISSIONS = {"allow": AclPermissionType.ALLOW, "deny": AclPermissionType.DENY}
_OPERATIONS = {each.name.replace("_", ""): each for each in AclOperation}


class InvalidResourceError(Exception):
    """What a resource asks for cannot be."""

    def __str__(self) -> str:
        return f"io.strimzi.operator.common.model.InvalidResourceException: {super().__str__()}"


@dataclass(frozen=True, slots=True)
class Clients:
    """The authority of clients: to be trusted, and to sign."""

    trusted: bytes
    pair: Pair


def kind_of(found: Mapping[str, Any]) -> str | None:
    """How the user proves who it is."""
    kind = found["spec"].get("authentication", {}).get("type")
    return None if kind is None else str(kind)


def username(found: Mapping[str, Any]) -> str:
    """As Kafka calls it; `InvalidResourceError` if a certificate cannot hold it."""
    name = str(found["metadata"]["name"])
    if kind_of(found) not in {TLS, TLS_EXTERNAL}:
        return name
    if len(name) > LONGEST:
        raise InvalidResourceError(
            "Users with TLS client authentication can have a username (name of the KafkaUser custom resource) "
            f"only up to {LONGEST} characters long."
        )
    return f"CN={name}"


def acls(found: Mapping[str, Any], name: str) -> set[AclBinding]:
    """Each operation of each rule."""
    rules = found["spec"].get("authorization", {}).get("acls") or []
    return {_acl(rule, name, operation) for rule in rules for operation in rule["operations"]}


def password_reference(found: Mapping[str, Any]) -> tuple[str, str] | None:
    """The Secret and the key that hold the password, if the user does not leave it to Strimzi."""
    password = found["spec"]["authentication"].get("password")
    if password is None:
        return None
    reference = password["valueFrom"]["secretKeyRef"]
    return reference["name"], reference["key"]


def new_password() -> str:
    """32 characters, as Strimzi's are."""
    return secrets.token_urlsafe(24)


def scram_data(name: str, password: str) -> dict[str, str]:
    """What the Secret of a user with a password holds."""
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    return {"password": password, "sasl.jaas.config": f'{module} required username="{name}" password="{password}";'}


def tls_data(found: Mapping[str, Any], there: Mapping[str, bytes], clients: Clients) -> dict[str, bytes]:
    """What the Secret of a user with a certificate holds; what it held stays while it is good."""
    name = found["metadata"]["name"]
    asked = found["spec"]["authentication"]
    if {"user.crt", "user.key", "user.p12", "user.password"} <= there.keys() and _is_good(there, asked, clients):
        return {**there, "ca.crt": clients.trusted}
    pair = certificates.user(name, clients.pair, asked.get("validityDays", 365))
    password = new_password()
    return {
        "ca.crt": clients.trusted,
        "user.crt": pair.cert,
        "user.key": pair.key,
        "user.p12": certificates.key_store(name, pair, clients.trusted, password),
        "user.password": password.encode(),
    }


def _is_good(there: Mapping[str, bytes], asked: Mapping[str, Any], clients: Clients) -> bool:
    if there.get("ca.crt") != clients.trusted or not certificates.signed_by(there["user.crt"], clients.trusted):
        return False
    left = Pair(there["user.crt"], b"").certificate.not_valid_after_utc - datetime.now(UTC)
    return left > timedelta(days=asked.get("renewalDays", RENEWED_BEFORE))


def _acl(rule: Mapping[str, Any], name: str, operation: str) -> AclBinding:
    resource = rule["resource"]
    cluster = resource["type"] == "cluster"
    return AclBinding(
        _TYPES[resource["type"]],
        "kafka-cluster" if cluster else resource["name"],
        _PATTERNS["literal" if cluster else resource.get("patternType", "literal")],
        f"User:{name}",
        rule.get("host", "*"),
        _OPERATIONS[operation.upper()],
        _PERMISSIONS[rule.get("type", "allow")],
    )
