"""Topics of the real Kafka, for the Topic Operator. Each call returns when Kafka has done it; faults are Kafka's."""

from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from tests.support.strimzi.kafka_faults import ASKED, WAITED
from tests.support.strimzi.topics import Change, Topic, config_of

BY_DEFAULT = -1


class KafkaTopics:
    """The topics of the broker that `client` is connected with."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    def find(self, name: str) -> Topic | None:
        """The topic, None if there is none."""
        try:
            asked = self._client.describe_topics(TopicCollection([name]), request_timeout=ASKED)
            described = asked[name].result(WAITED)
            resource = ConfigResource(ResourceType.TOPIC, name)
            configs = self._client.describe_configs([resource], request_timeout=ASKED)
            entries = configs[resource].result(WAITED)
        except KafkaException as fault:
            if fault.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                return None
            raise
        own = {key for key, each in entries.items() if each.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}
        return Topic(
            str(described.topic_id),
            {each.id: len(each.replicas) for each in described.partitions},
            {key: each.value for key, each in entries.items()},
            frozenset(own),
        )

    def create(self, name: str, spec: Mapping[str, Any]) -> None:
        counts = spec.get("partitions", BY_DEFAULT), spec.get("replicas", BY_DEFAULT)
        topic = NewTopic(name, *counts, config=config_of(spec))
        _done(self._client.create_topics([topic], operation_timeout=ASKED))

    def alter(self, name: str, change: Change) -> None:
        """What is refused leaves the rest undone."""
        entries = [_entry(key, value, AlterConfigOpType.SET) for key, value in change.set.items()]
        entries += [_entry(key, None, AlterConfigOpType.DELETE) for key in change.remove]
        if entries:
            resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
            _done(self._client.incremental_alter_configs([resource], request_timeout=ASKED))
        if change.partitions is not None:
            grown = NewPartitions(name, change.partitions)
            _done(self._client.create_partitions([grown], operation_timeout=ASKED))

    def delete(self, name: str) -> None:
        """Remove it, if it is there."""
        try:
            _done(self._client.delete_topics([name], operation_timeout=ASKED))
        except KafkaException as fault:
            if fault.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise


def _entry(key: str, value: str | None, how: AlterConfigOpType) -> ConfigEntry:
    return ConfigEntry(key, value, incremental_operation=how)


def _done(futures: Mapping[Any, Any]) -> None:
    for each in futures.values():
        each.result(WAITED)
