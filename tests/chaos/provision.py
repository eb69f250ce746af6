"""What an operator makes for a stream before its services start: topics, users and their rights, buckets, tokens."""

import secrets

from confluent_kafka.admin import AclOperation, ResourceType

from cryptostream.core.resource.plan import Plan, Role
from cryptostream.core.resource.rights import kafka_rights, store_rights
from tests.chaos.files import Credentials
from tests.support.parts.influx import Influx
from tests.support.parts.kafka import Kafka

KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "transactionalId": ResourceType.TRANSACTIONAL_ID}
OPERATIONS = {"Read": AclOperation.READ, "Write": AclOperation.WRITE, "Describe": AclOperation.DESCRIBE}
COMPACTED = {
    "cleanup.policy": "compact",
    "segment.bytes": str(1 << 20),
    "min.cleanable.dirty.ratio": "0.1",
    "max.compaction.lag.ms": "600000",
}


def make_topics(kafka: Kafka, plan: Plan) -> None:
    for topic in plan.topics:
        config = COMPACTED if topic.compacted else {"retention.ms": str(1000 * (topic.retention_seconds or 0))}
        kafka.admin.create_topics(topic.name, partitions=topic.partitions, config=config)


def make_user(kafka: Kafka, plan: Plan, role: Role) -> Credentials:
    """A user with the rights of `role`, and with no other."""
    user, password = f"{plan.stream}-{role}", secrets.token_urlsafe(24)
    kafka.admin.add_user(user, password)
    for right in kafka_rights(plan, role):
        kafka.admin.allow(
            f"User:{user}", KINDS[right.kind], right.name, *(OPERATIONS[each] for each in right.operations)
        )
    return Credentials(user, password)


def make_buckets(influx: Influx, plan: Plan) -> None:
    for right in store_rights(plan):
        influx.create_bucket(right.bucket)


def make_token(influx: Influx, plan: Plan) -> str:
    """A token with the rights of a consumer, and with no other."""
    rights = store_rights(plan)
    return influx.create_token(
        read=[each.bucket for each in rights if each.read], write=[each.bucket for each in rights if each.write]
    )
