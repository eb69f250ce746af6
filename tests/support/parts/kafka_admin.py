"""What a test does to a broker as its administrator. Every method returns when the broker acts on the change."""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from contextlib import closing
from functools import cached_property
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from tests.support.parts.process import wait_for

PATIENCE = 30.0
ClientConfig = dict[str, str | int | float | bool]


class KafkaAdmin:
    """The administrator; anonymous, at `bootstrap`."""

    def __init__(self, bootstrap: str) -> None:
        self._config: ClientConfig = {"bootstrap.servers": bootstrap, "reconnect.backoff.max.ms": 200, "log_level": 0}

    @cached_property
    def client(self) -> AdminClient:
        """librdkafka's client, for what is not offered here."""
        return AdminClient(self._config)

    def reconnect(self) -> None:
        """Begin anew: a client that was not answered for ten seconds takes the broker for a very old one."""
        self.__dict__.pop("client", None)

    def answers(self) -> bool:
        """Whether there is a broker."""
        try:
            return bool(self.client.list_topics(timeout=2).brokers)
        except KafkaException:
            return False

    def create_topics(self, *names: str, partitions: int = 1, config: Mapping[str, str] | None = None) -> None:
        topics = [NewTopic(name, partitions, 1, config=dict(config or {})) for name in names]
        _done(self.client.create_topics(topics, operation_timeout=PATIENCE).values())
        wait_for(lambda: all(self._leads(name, partitions) for name in names), f"topics {names} have leaders", PATIENCE)

    def delete_topics(self, *names: str) -> None:
        _done(self.client.delete_topics(list(names), operation_timeout=PATIENCE).values())
        wait_for(lambda: self.topics().isdisjoint(names), f"topics {names} are gone", PATIENCE)

    def topics(self) -> set[str]:
        return set(self.client.list_topics(timeout=PATIENCE).topics)

    def set_topic_config(self, topic: str, config: Mapping[str, str]) -> None:
        """Changes these settings of the topic and leaves the others."""
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in config.items()
        ]
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        _done(self.client.incremental_alter_configs([resource]).values())
        wait_for(lambda: config.items() <= self.topic_config(topic).items(), f"{topic} has {config}", PATIENCE)

    def topic_config(self, topic: str) -> dict[str, str]:
        (found,) = _done(self.client.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values())
        return {name: entry.value for name, entry in found.items()}

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        """The partition begins at offset `before` afterwards, as if retention had taken the rest."""
        _done(self.client.delete_records([TopicPartition(topic, partition, before)]).values())

    def offsets(self, topic: str, spec: OffsetSpec | None = None) -> dict[int, int]:
        """Per partition the offset after its last record; or, if told so, another one."""
        partitions = self.client.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
        asked = {TopicPartition(topic, each): spec or OffsetSpec.latest() for each in partitions}
        return wait_for(lambda: self._offsets(asked), f"the offsets of {topic}", PATIENCE)

    def group_offsets(self, group: str) -> dict[tuple[str, int], int]:
        """What a group has committed, by topic and partition."""
        (found,) = _done(self.client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values())
        return {(at.topic, at.partition): at.offset for at in found.topic_partitions}

    def read(self, topic: str, *, committed: bool = True) -> list[Message]:
        """All that is in a topic now, partition by partition; without `committed`, aborted records too."""
        config = {
            **self._config,
            "group.id": "test-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,
            "isolation.level": "read_committed" if committed else "read_uncommitted",
        }
        partitions = [TopicPartition(topic, each, OFFSET_BEGINNING) for each in self.offsets(topic)]
        with closing(Consumer(config)) as reader:
            reader.list_topics(topic, timeout=PATIENCE)  # who knows no leader yet waits half a second for it
            reader.assign(partitions)
            found = _to_the_ends(reader, len(partitions))
        return sorted(found, key=lambda message: (message.partition(), message.offset()))

    def add_user(self, name: str, password: str) -> None:
        """Lets `User:name` log in by SCRAM-SHA-512; for a user that exists, the password is changed."""
        kind = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        change = UserScramCredentialUpsertion(name, kind, password.encode())
        _done(self.client.alter_user_scram_credentials([change]).values())
        wait_for(lambda: name in self._users(), f"user {name} is known", PATIENCE)

    def remove_user(self, name: str) -> None:
        change = UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_512)
        _done(self.client.alter_user_scram_credentials([change]).values())
        wait_for(lambda: name not in self._users(), f"user {name} is unknown", PATIENCE)

    def allow(self, principal: str, kind: ResourceType, name: str, *operations: AclOperation) -> None:
        """Lets `principal` (`User:x`, `User:CN=x`) do these operations on the one resource of that name."""
        acls = [_acl(principal, kind, name, operation) for operation in operations]
        _done(self.client.create_acls(acls).values())
        wait_for(lambda: all(map(self._allows, acls)), f"{principal} may use {name}", PATIENCE)

    def forbid(self, principal: str, kind: ResourceType, name: str, *operations: AclOperation) -> None:
        """Takes back what `allow` gave."""
        acls = [_acl(principal, kind, name, operation) for operation in operations]
        _done(self.client.delete_acls([_filter(acl) for acl in acls]).values())
        wait_for(lambda: not any(map(self._allows, acls)), f"{principal} may not use {name}", PATIENCE)

    def _offsets(self, asked: dict[TopicPartition, OffsetSpec]) -> dict[int, int]:
        """None of them while a broker that has just come back may still lead nothing."""
        try:
            return {at.partition: future.result().offset for at, future in self.client.list_offsets(asked).items()}
        except KafkaException as error:
            if error.args[0].retriable() or error.args[0].code() == KafkaError.UNKNOWN_LEADER_EPOCH:
                return {}
            raise

    def _leads(self, topic: str, partitions: int) -> bool:
        found = self.client.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
        return len(found) == partitions and all(each.leader >= 0 for each in found.values())

    def _users(self) -> set[str]:
        asked = self.client.describe_user_scram_credentials()
        assert isinstance(asked, Future)
        return set(asked.result(PATIENCE))

    def _allows(self, acl: AclBinding) -> bool:
        return bool(self.client.describe_acls(_filter(acl)).result(PATIENCE))


def _done(futures: Iterable[Future[Any]]) -> list[Any]:
    return [future.result(PATIENCE) for future in futures]


def _acl(principal: str, kind: ResourceType, name: str, operation: AclOperation) -> AclBinding:
    return AclBinding(kind, name, ResourcePatternType.LITERAL, principal, "*", operation, AclPermissionType.ALLOW)


def _filter(acl: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        acl.restype, acl.name, acl.resource_pattern_type, acl.principal, acl.host, acl.operation, acl.permission_type
    )


def _to_the_ends(reader: Consumer, partitions: int) -> list[Message]:
    """What the assigned partitions hold."""
    found, ends, until = list[Message](), 0, time.monotonic() + PATIENCE
    while ends < partitions:
        for message in reader.consume(10_000, timeout=0.1):
            match message.error():
                case None:
                    found.append(message)
                case error if error.code() == KafkaError._PARTITION_EOF:
                    ends += 1
                case error if error.retriable():  # a broker that has just come back
                    continue
                case error:
                    raise KafkaException(error)
            until = time.monotonic() + PATIENCE
        if time.monotonic() > until:
            raise TimeoutError(f"{partitions - ends} partitions give nothing for {PATIENCE:g} s")
    return found
