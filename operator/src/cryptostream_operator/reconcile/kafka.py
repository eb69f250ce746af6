"""What a Strimzi Kafka, its topics and users say of themselves, as an endpoint or as why there is none. Pure.

Shapes as of Strimzi 1.2 (`kafka.strimzi.io/v1`). Its Topic Operator says `Ready=False`, its User Operator
`NotReady=True`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from cryptostream.core.resource.plan import Plan
from cryptostream.core.resource.spec import Kafka
from cryptostream.core.result import Err, Ok, Result
from cryptostream_operator.reconcile.values import Condition, Live, Manifest
from cryptostream_operator.render.names import ALLOWED_NAMESPACES, MAX_PARTITIONS, MAX_TOPICS
from cryptostream_operator.render.site import KafkaEndpoint

_KEYS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "ScramSha512": ("username", "password"),
    "Tls": ("user.crt", "user.key"),
    "None": (),
}
_LISTENER_OF: Final = {"ScramSha512": "scram-sha-512", "Tls": "tls", "None": None}


class Found(msgspec.Struct, frozen=True):
    """A Kafka that can be used: where it is, and the CA of its listener, if that is encrypted.

    `complaint` is what it says is wrong with it, although it may be asked.
    """

    endpoint: KafkaEndpoint
    ca: str | None
    complaint: Condition | None = None


def not_ready(reason: str, message: str) -> Condition:
    """KafkaReady is false."""
    return Condition("KafkaReady", "False", reason, message)


def not_configured() -> Condition:
    """The resource names no Kafka; `cryptostream run` needs none, the operator does."""
    return not_ready("KafkaNotConfigured", "spec.kafka must be given: name a Strimzi Kafka, or bootstrap and a Secret.")


def not_served() -> Condition:
    """The API server does not have Strimzi's kinds."""
    message = (
        "there are no KafkaTopics in this cluster: install Strimzi 0.49 or newer, which serves kafka.strimzi.io/v1."
    )
    return not_ready("StrimziNotInstalled", message)


def elsewhere(kafka: Kafka, secret: Live | None) -> Result[Found, Condition]:
    """The endpoint of a Kafka by its addresses; `secret` is the one that `kafka.secretName` names."""
    keys: frozenset[str] = frozenset(secret.manifest.get("data", {})) if secret else frozenset()
    if kafka.secret_name is not None:
        wanted = _KEYS_OF[kafka.authentication]
        lacking = ", ".join(each for each in wanted if each not in keys)
        if secret is None:
            return Err(
                not_ready("SecretNotFound", f"Secret {kafka.secret_name} of spec.kafka.secretName is not there.")
            )
        if lacking:
            return Err(not_ready("SecretIncomplete", f"Secret {kafka.secret_name} lacks {lacking}: add it."))
    authenticated = kafka.authentication != "None"
    endpoint = KafkaEndpoint(bootstrap=str(kafka.bootstrap), authenticated=authenticated, own_ca="ca.crt" in keys)
    return Ok(Found(endpoint, None))


def find(kafka: Kafka, live: Live | None, *, namespace: str, granted: Iterable[str] = ()) -> Result[Found, Condition]:
    """The endpoint of the Strimzi cluster that `kafka` names.

    Parameters
    ----------
    live
        The Kafka resource, None if there is none.
    namespace
        That of the stream.
    granted
        Namespaces which the operator's settings grant, besides the resource's own annotation.
    """
    where = f"Kafka {kafka.cluster_namespace}/{kafka.cluster_name}"
    if live is None:
        return Err(not_ready("KafkaNotFound", f"{where} is not there: create it, or correct spec.kafka.cluster."))
    if not _is_granted(live.manifest, namespace, granted):
        message = (
            f"{where} is not for namespace {namespace}: its owner grants it by the annotation {ALLOWED_NAMESPACES}."
        )
        return Err(not_ready("KafkaNotGranted", message))
    said = complaint_of(live.manifest)
    complaint = None if said is None else not_ready("KafkaNotReady", f"{where} is not ready: {said}")
    found = _listener(kafka, live, where)
    if complaint is None:
        return found
    return Ok(replace(found.value, complaint=complaint)) if isinstance(found, Ok) else Err(complaint)


def _is_granted(manifest: Manifest, namespace: str, granted: Iterable[str]) -> bool:
    metadata = manifest["metadata"]
    allowed = str(metadata.get("annotations", {}).get(ALLOWED_NAMESPACES, "")).split(",")
    names = {each.strip() for each in allowed} | set(granted)
    return metadata["namespace"] == namespace or namespace in names or "*" in names


def _listener(kafka: Kafka, live: Live, where: str) -> Result[Found, Condition]:
    """The first listener that takes this kind of authentication."""
    wanted = _LISTENER_OF[kafka.authentication]
    declared = live.manifest["spec"]["kafka"]["listeners"]
    told = {each["name"]: each for each in live.manifest.get("status", {}).get("listeners", ())}
    for each in declared:
        at = told.get(each["name"], {})
        if each.get("authentication", {}).get("type") == wanted and at.get("bootstrapServers"):
            certificates = at.get("certificates") if each.get("tls") else None
            endpoint = KafkaEndpoint(
                bootstrap=at["bootstrapServers"],
                authenticated=wanted is not None,
                own_ca=bool(certificates),
                cluster=live.ref.name,
                namespace=live.ref.namespace,
            )
            return Ok(Found(endpoint, "\n".join(certificates) if certificates else None))
    word = f"authentication {wanted}" if wanted else "no authentication"
    message = f"{where} has no listener with {word}: add one, or change spec.kafka.authentication."
    return Err(not_ready("NoListener", message))


def over_limits(live: Live, plan: Plan, others: Iterable[Live]) -> Condition | None:
    """What the owner's limits refuse: `others` are the topics that streams of the same namespace have already."""
    annotations = live.manifest["metadata"].get("annotations", {})
    there = tuple(others)
    counts = {
        MAX_TOPICS: len(there) + len(plan.topics),
        MAX_PARTITIONS: sum(each.manifest["spec"].get("partitions", 0) for each in there)
        + sum(each.partitions for each in plan.topics),
    }
    for limit, count in counts.items():
        most = annotations.get(limit)
        if most is not None and str(most).isdecimal() and count > int(most):
            message = (
                f"the owner of Kafka {live.ref.name} allows {most} by {limit}, and this makes {count}: ask for more."
            )
            return not_ready("OverLimit", message)
    return None


def children(made: Iterable[Live], wanted: int) -> Condition:
    """Whether Strimzi has done what the topics and users ask for."""
    live = tuple(made)
    for each in live:
        complaint = complaint_of(each.manifest)
        if complaint is not None:
            return not_ready(f"{each.ref.kind}NotReady", f"{each.ref}: {complaint}")
    if len(live) < wanted:
        return not_ready("Creating", f"{len(live)} of {wanted} topics and users are there.")
    return Condition("KafkaReady", "True", "Ready", f"{wanted} topics and users are ready.")


def complaint_of(manifest: Manifest) -> str | None:
    """What a Strimzi resource says is wrong; None if it says that it is ready, for its newest generation."""
    status: Mapping[str, Any] = manifest.get("status") or {}
    told = {each["type"]: each for each in status.get("conditions", ())}
    for kind, bad in (
        ("NotReady", "True"),
        ("Ready", "False"),
        ("Unmanaged", "True"),
        ("ReconciliationPaused", "True"),
    ):
        found = told.get(kind)
        if found is not None and found["status"] == bad:
            return str(found.get("message") or found.get("reason") or kind)
    if told.get("Ready", {}).get("status") != "True":
        return "Strimzi has not said yet that it is ready"
    generation = manifest["metadata"].get("generation")
    if generation is not None and status.get("observedGeneration", generation) < generation:
        return "Strimzi has not seen its newest version yet"
    return None
