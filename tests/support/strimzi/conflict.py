"""Which of several KafkaTopics for one topic manages it, by what Strimzi remembers of them; its memory has a flaw.

A resource is remembered when it is first looked at, and forgotten only when its finalizer is removed. One that was
refused has no finalizer: it is remembered after it is gone, until the operator is started again. So two resources of
the same second stand in each other's way for ever.
"""

from collections.abc import Mapping
from typing import Any

from tests.support.strimzi.told import ComplaintError


class Memory:
    """Resources by the topic they ask for, as (when made, name)."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._made: dict[str, dict[str, str]] = {}

    def remember(self, topic: str, found: Mapping[str, Any]) -> None:
        metadata = found["metadata"]
        self._made.setdefault(topic, {}).setdefault(metadata["name"], metadata["creationTimestamp"])

    def forget(self, topic: str, name: str) -> None:
        self._made.get(topic, {}).pop(name, None)

    def check(self, topic: str, found: Mapping[str, Any]) -> None:
        """`ComplaintError` if another one manages the topic; the oldest does, if it is the only one of its second."""
        ordered = sorted(self._made[topic].items(), key=lambda each: each[1])
        if len(ordered) == 1:
            return
        (oldest, first), (_, second) = ordered[:2]
        if found["metadata"]["name"] == oldest and (first != second or _was_ready(found)):
            return
        message = f"Managed by Ref{{namespace='{self._namespace}', name='{oldest}'}}"
        raise ComplaintError("ResourceConflict", message)


def _was_ready(found: Mapping[str, Any]) -> bool:
    """Whether it is said to be ready, and has not been edited since."""
    status = found.get("status", {})
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", []))
    return ready and status.get("observedGeneration") == found["metadata"]["generation"]
