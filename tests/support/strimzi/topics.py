"""What a KafkaTopic asks of a topic that is there. Pure.

As Strimzi's Topic Operator decides it: configuration that the resource does not name is removed, partitions only grow,
replicas never change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.strimzi.told import ComplaintError


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as Kafka has it: replicas of each partition, all settings, and which of them are the topic's own."""

    id: str
    replicas: Mapping[int, int]
    config: Mapping[str, str | None]
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done, as far as it can be; and what cannot."""

    set: Mapping[str, str]
    remove: frozenset[str]
    partitions: int | None = None
    complaint: ComplaintError | None = None


def name_of(found: Mapping[str, Any]) -> str:
    """The topic that a resource asks for."""
    return str(found["spec"].get("topicName") or found["metadata"]["name"])


def config_of(spec: Mapping[str, Any]) -> dict[str, str]:
    """The settings as Kafka writes them."""
    return {key: _text(value) for key, value in spec.get("config", {}).items()}


def change(spec: Mapping[str, Any], topic: Topic) -> Change:
    """How to bring the topic to what the resource says."""
    config = config_of(spec)
    differing = {key: value for key, value in config.items() if topic.config.get(key) != value}
    asked, there = spec.get("partitions"), len(topic.replicas)
    grown = asked if asked is not None and asked > there else None
    return Change(differing, topic.own - config.keys(), grown, _complaint(spec, topic))


def _complaint(spec: Mapping[str, Any], topic: Topic) -> ComplaintError | None:
    asked = spec.get("partitions")
    if asked is not None and asked < len(topic.replicas):
        return ComplaintError("NotSupported", "Decreasing partitions not supported")
    replicas = spec.get("replicas")
    differing = [number for number, count in sorted(topic.replicas.items()) if replicas not in {None, count}]
    if differing:
        message = f"Replication factor change not supported, but required for partitions {differing}"
        return ComplaintError("NotSupported", message)
    return None


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ",".join(map(_text, value))
        case _:
            return str(value)
