"""What a stream is made of: the one answer that the embedded run and the operator both carry out. Pure.

A plan follows from the resources alone, not from the time, so that it can be compared and hashed. What the
user declared for one part only (pods, egress, history) stays in the spec.
"""

from hashlib import sha256
from typing import Final, Literal

import msgspec

from cryptostream.core.codec.record import dead_letter_topic, ledger_topic, topic, topic_resource_name
from cryptostream.core.indicators.catalogue import Indicator
from cryptostream.core.indicators.naming import ALWAYS
from cryptostream.core.indicators.parameter import Value
from cryptostream.core.market.series import Series
from cryptostream.core.resource import budget
from cryptostream.core.resource.history import compiled, poll_seconds, retention_seconds
from cryptostream.core.resource.spec import KafkaTopics, Objectives, StreamSpec, Validation
from cryptostream.core.resource.store_spec import Buckets, StoreSpec

Role = Literal["producer", "consumer"]
RAW_MEASUREMENTS: Final = ("candle", "gap", "alert")
ENRICHED_MEASUREMENTS: Final = ("indicators",)


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic and the name of its KafkaTopic. `replicas` None is the broker's default; a compacted one keeps all."""

    name: str
    resource: str
    partitions: int
    replicas: int | None
    retention_seconds: int | None
    compacted: bool = False


class Shard(msgspec.Struct, frozen=True):
    """One producer; its transactional id never changes, so that a new owner fences the old."""

    number: int
    transactional_id: str


class KafkaUser(msgspec.Struct, frozen=True):
    """A user of the Kafka cluster, by the name of its KafkaUser."""

    name: str
    role: Role


class StoredIn(msgspec.Struct, frozen=True):
    """A bucket and the measurements that the stream writes there; in DuckDB, these are tables."""

    bucket: str
    measurements: tuple[str, ...]


class PlannedIndicator(msgspec.Struct, frozen=True):
    """An indicator with all parameters, the fields it is stored in, and its window in candles."""

    name: str
    function: str
    params: tuple[tuple[str, Value], ...]
    fields: tuple[str, ...]
    window: int
    with_interval: str | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`poll_seconds` is set in mode Rest alone; `polling_weight` is what that costs a minute.

    `fields` are those of every enriched row, besides its time metadata. `users` are empty where the cluster is not
    Strimzi's, or asks nobody who they are.
    """

    stream: str
    series: tuple[Series, ...]
    shards: tuple[Shard, ...]
    connections: int
    poll_seconds: int | None
    polling_weight: int
    topics: tuple[Topic, ...]
    users: tuple[KafkaUser, ...]
    consumer_group: str
    raw: StoredIn
    enriched: StoredIn
    indicators: tuple[PlannedIndicator, ...]
    fields: tuple[str, ...]
    validation: Validation
    objectives: Objectives


def plan(spec: StreamSpec, store: StoreSpec | None = None) -> Plan:
    """What `spec` asks for; `store` is the `CandleStore` it refers to, if that is at hand."""
    buckets = Buckets() if store is None else store.buckets
    indicators = tuple(_planned(each) for each in compiled(spec.indicators, spec.intervals))
    return Plan(
        stream=spec.stream,
        series=tuple(Series(symbol.name, interval) for symbol in spec.symbols for interval in spec.intervals),
        shards=(Shard(0, f"{spec.stream}.0"),),
        connections=budget.connections(spec),
        poll_seconds=poll_seconds(spec) if spec.source.mode == "Rest" else None,
        polling_weight=budget.polling_weight(spec),
        topics=topics(spec),
        users=users(spec),
        consumer_group=spec.stream,
        raw=StoredIn(buckets.raw.name, RAW_MEASUREMENTS),
        enriched=StoredIn(buckets.enriched.name, ENRICHED_MEASUREMENTS),
        indicators=indicators,
        fields=(*ALWAYS, *(field for each in indicators for field in each.fields)),
        validation=spec.validation,
        objectives=spec.objectives,
    )


def topics(spec: StreamSpec) -> tuple[Topic, ...]:
    """One topic an interval, then refused records, then the ledger; all with the same number of partitions."""
    prices = (topic(spec.stream, interval) for interval in spec.intervals)
    kept = tuple(_topic(spec, name) for name in (*prices, dead_letter_topic(spec.stream)))
    return (*kept, _topic(spec, ledger_topic(spec.stream), compacted=True))


def users(spec: StreamSpec) -> tuple[KafkaUser, ...]:
    """The users that the operator makes in a Strimzi cluster."""
    if spec.kafka is None or spec.kafka.cluster_name is None or spec.kafka.authentication == "None":
        return ()
    roles: tuple[Role, ...] = ("producer", "consumer")
    return tuple(KafkaUser(user_name(spec, role), role) for role in roles)


def user_name(spec: StreamSpec, role: Role) -> str:
    """`cs-<10 hex digits of namespace/name>-<role>`: Strimzi allows 64 characters, two names have more."""
    digest = sha256(f"{spec.namespace}/{spec.name}".encode()).hexdigest()
    return f"cs-{digest[:10]}-{role}"


def _topic(spec: StreamSpec, name: str, *, compacted: bool = False) -> Topic:
    layout = spec.kafka.topics if spec.kafka else KafkaTopics()
    return Topic(
        name=name,
        resource=topic_resource_name(name),
        partitions=layout.partitions,
        replicas=layout.replicas,
        retention_seconds=None if compacted else retention_seconds(spec),
        compacted=compacted,
    )


def _planned(indicator: Indicator) -> PlannedIndicator:
    return PlannedIndicator(
        name=indicator.name,
        function=indicator.function,
        params=indicator.params,
        fields=indicator.fields,
        window=indicator.window,
        with_interval=indicator.with_interval,
    )
