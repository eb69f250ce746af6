"""`spec.kafka` of a `CryptoStream`: a Strimzi cluster by name, or any other by its addresses. Pure."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from cryptostream.core.resource.fields import Field, Parsed, Required, join, record
from cryptostream.core.resource.parse_source import YEAR
from cryptostream.core.resource.scalars import choice, integer, label, subdomain, text
from cryptostream.core.resource.spec import Fault, Kafka, KafkaTopics

Authentication = Literal["ScramSha512", "Tls", "None"]


class _Cluster(msgspec.Struct, frozen=True):
    name: str
    namespace: str | None


class _Draft(msgspec.Struct, frozen=True):
    """`spec.kafka` as it is written."""

    cluster: _Cluster | None
    bootstrap: str | None
    secret_name: str | None
    authentication: Authentication
    topics: KafkaTopics


def _one_way(draft: _Draft, path: str) -> Iterator[Fault]:
    if (draft.cluster is None) == (draft.bootstrap is None):
        both = "must have cluster or bootstrap, not both" if draft.cluster else "must have cluster or bootstrap"
        yield Fault(path, both, "name a Strimzi cluster, or give the addresses of another one")
    elif draft.cluster is not None and draft.secret_name is not None:
        message = "must not be given with cluster: the operator makes the users itself"
        yield Fault(join(path, "secretName"), message, "remove it")
    elif draft.bootstrap is not None and draft.secret_name is None and draft.authentication != "None":
        message = f"must be given with bootstrap and authentication {draft.authentication}"
        yield Fault(join(path, "secretName"), message, "name the Secret with the credentials")


_topics: Final = record(
    KafkaTopics,
    (
        Field("partitions", integer(1, 1000), KafkaTopics().partitions),
        Field("retentionSeconds", integer(60, 20 * YEAR)),
        Field("replicas", integer(1, 100)),
    ),
)
bootstrap: Final = text(
    r"[A-Za-z0-9._-]+:[0-9]{1,5}(?:,[A-Za-z0-9._-]+:[0-9]{1,5})*",
    most=1024,
    what="host:port, or several with commas between them",
    remedy="write for example kafka-1:9093,kafka-2:9093",
)
_draft: Final = record(
    _Draft,
    (
        Field(
            "cluster",
            record(
                _Cluster, (Field("name", subdomain, Required("name the Kafka resource")), Field("namespace", label))
            ),
        ),
        Field("bootstrap", bootstrap),
        Field("secretName", subdomain),
        Field("authentication", choice("ScramSha512", "Tls", "None"), "ScramSha512"),
        Field("topics", _topics, KafkaTopics()),
    ),
    _one_way,
)


def kafka(value: object, path: str) -> Parsed[Kafka]:
    """The parser of `spec.kafka`."""
    draft = _draft(value, path)
    if draft.value is None:
        return Parsed(None, draft.faults)
    given = draft.value
    return Parsed(
        Kafka(
            cluster_name=given.cluster.name if given.cluster else None,
            cluster_namespace=given.cluster.namespace if given.cluster else None,
            bootstrap=given.bootstrap,
            secret_name=given.secret_name,
            authentication=given.authentication,
            topics=given.topics,
        ),
        draft.faults,
    )
