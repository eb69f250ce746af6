"""KafkaTopics and KafkaUsers for Strimzi's operators, in the namespace of the Kafka. Pure.

Strimzi sets a topic's configuration back to what stands here when it adopts it, so all that matters stands here.
"""

from typing import Any, Final

from cryptostream.core.resource.plan import KafkaUser, Plan, Topic
from cryptostream.core.resource.rights import Right, kafka_rights
from cryptostream.core.resource.spec import StreamSpec
from cryptostream_operator.render.meta import elsewhere
from cryptostream_operator.render.site import Site

API_VERSION: Final = "kafka.strimzi.io/v1"
CLUSTER: Final = "strimzi.io/cluster"
PASSWORD: Final = "password"  # noqa: S105 - the name of a key
MEBIBYTE: Final = 2**20


def topic(site: Site, planned: Topic) -> dict[str, Any]:
    """One KafkaTopic. Without `replicas` the brokers decide."""
    spec: dict[str, Any] = {
        "topicName": planned.name,
        "partitions": planned.partitions,
        "config": _compacted() if planned.compacted else _deleted(planned.retention_seconds),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "KafkaTopic",
        "metadata": elsewhere(site.owner, site.kafka.namespace, planned.resource, {CLUSTER: site.kafka.cluster}),
        "spec": spec if planned.replicas is None else {**spec, "replicas": planned.replicas},
    }


def _deleted(retention_seconds: int | None) -> dict[str, Any]:
    retention = -1 if retention_seconds is None else retention_seconds * 1000
    return {"cleanup.policy": "delete", "retention.ms": retention, "message.timestamp.type": "CreateTime"}


def _compacted() -> dict[str, Any]:
    """A ledger is read whole by each start, so it has to stay small."""
    return {
        "cleanup.policy": "compact",
        "segment.bytes": MEBIBYTE,
        "min.cleanable.dirty.ratio": 0.1,
        "max.compaction.lag.ms": 600_000,
        "message.timestamp.type": "CreateTime",
    }


def user(spec: StreamSpec, plan: Plan, site: Site, planned: KafkaUser) -> dict[str, Any]:
    """One KafkaUser; a SCRAM password is made by the operator and handed over by reference."""
    scram = spec.kafka is not None and spec.kafka.authentication == "ScramSha512"
    password = {"valueFrom": {"secretKeyRef": {"name": password_secret(planned), "key": PASSWORD}}}
    return {
        "apiVersion": API_VERSION,
        "kind": "KafkaUser",
        "metadata": elsewhere(site.owner, site.kafka.namespace, planned.name, {CLUSTER: site.kafka.cluster}),
        "spec": {
            "authentication": {"type": "scram-sha-512", "password": password} if scram else {"type": "tls"},
            "authorization": {"type": "simple", "acls": [_acl(each) for each in kafka_rights(plan, planned.role)]},
        },
    }


def password_secret(planned: KafkaUser) -> str:
    """The Secret beside the KafkaUser; Strimzi's own has the user's name."""
    return f"{planned.name}-password"


def _acl(right: Right) -> dict[str, Any]:
    resource = {"type": right.kind, "name": right.name, "patternType": "literal"}
    return {"type": "allow", "resource": resource, "operations": list(right.operations), "host": "*"}
