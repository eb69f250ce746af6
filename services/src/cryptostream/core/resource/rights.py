"""What each role may do in Kafka and InfluxDB: the least that it needs, name by name, without prefixes. Pure.

The operator renders access lists and tokens from it; nothing else may be granted. Whoever may read or write a topic
may also describe it, so that is not told apart.
"""

from typing import Literal

import msgspec

from cryptostream.core.codec.record import dead_letter_topic, ledger_topic
from cryptostream.core.resource.plan import Plan, Role

Kind = Literal["topic", "group", "transactionalId"]
Operation = Literal["Read", "Write", "Describe"]


class Right(msgspec.Struct, frozen=True):
    """Operations on the one thing in Kafka that is called `name`."""

    kind: Kind
    name: str
    operations: tuple[Operation, ...]


class BucketRight(msgspec.Struct, frozen=True):
    """What a token may do with a bucket of InfluxDB."""

    bucket: str
    read: bool
    write: bool


def kafka_rights(plan: Plan, role: Role) -> tuple[Right, ...]:
    """The access list of a role.

    A producer reads what it has published, to begin where an earlier one ended. A consumer writes what it refuses,
    and names in the ledger what expired before it was read; it never writes a candle.
    """
    stream = plan.stream
    others = {dead_letter_topic(stream), ledger_topic(stream)}
    prices = [each.name for each in plan.topics if each.name not in others]
    if role == "producer":
        return (
            *(Right("topic", name, ("Read", "Write")) for name in (*prices, ledger_topic(stream))),
            *(Right("transactionalId", shard.transactional_id, ("Write", "Describe")) for shard in plan.shards),
        )
    return (
        *(Right("topic", name, ("Read",)) for name in prices),
        Right("topic", ledger_topic(stream), ("Read", "Write")),
        Right("topic", dead_letter_topic(stream), ("Write",)),
        Right("group", plan.consumer_group, ("Read",)),
    )


def store_rights(plan: Plan) -> tuple[BucketRight, ...]:
    """What the token of a consumer may do; a producer has none."""
    return tuple(BucketRight(each.bucket, read=True, write=True) for each in (plan.raw, plan.enriched))
