"""Strimzi's Topic Operator: KafkaTopics become topics, one by one."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.strimzi.api import TOPIC, Api, Manifest
from tests.support.strimzi.conflict import Memory
from tests.support.strimzi.kafka_faults import complaining
from tests.support.strimzi.kafka_topics import KafkaTopics
from tests.support.strimzi.told import MANAGED, PAUSED, ComplaintError, annotated, belongs, condition, tell
from tests.support.strimzi.topics import Topic, change, name_of

FINALIZER = "strimzi.io/topic-operator"


class TopicOperator:
    """The KafkaTopics of one Kafka, in the namespace of `api`."""

    def __init__(self, api: Api, topics: KafkaTopics, cluster: str) -> None:
        self._api = api
        self._topics = topics
        self._cluster = cluster
        self._memory = Memory(api.namespace)

    def everything(self) -> Iterable[str]:
        return [each["metadata"]["name"] for each in self._api.list(TOPIC)[0]]

    def look(self, name: str) -> None:
        """Do what the resource of this name asks for; one that is gone was seen off by its finalizer."""
        found = self._api.get(TOPIC, name)
        if found is None:
            return
        if not belongs(found, self._cluster):
            self._memory.forget(name_of(found), name)
            return
        try:
            if "deletionTimestamp" in found["metadata"]:
                self._remove(found)
            elif annotated(found, MANAGED, "false"):
                tell(self._api, TOPIC, found, {"conditions": [condition("Unmanaged")]})
            else:
                self._manage(found)
        except ComplaintError as complaint:
            self._complain(found, complaint)

    def _remove(self, found: Manifest) -> None:
        topic = name_of(found)
        if not annotated(found, MANAGED, "false"):
            _check_name(found)
            with complaining():
                self._topics.delete(topic)
        self._finalize(found, [each for each in _finalizers(found) if each != FINALIZER])
        self._memory.forget(topic, found["metadata"]["name"])

    def _manage(self, found: Manifest) -> None:
        topic = name_of(found)
        _check_name(found)
        self._memory.remember(topic, found)
        self._memory.check(topic, found)
        if annotated(found, PAUSED, "true"):
            tell(self._api, TOPIC, found, {"conditions": [condition("ReconciliationPaused")], "topicName": topic})
            return
        if FINALIZER not in _finalizers(found):
            found = self._finalize(found, [*_finalizers(found), FINALIZER])
        with complaining():
            there = self._settle(topic, found["spec"])
        said = {"conditions": [condition("Ready")], "topicName": topic, "topicId": there.id}
        tell(self._api, TOPIC, found, said)

    def _settle(self, topic: str, spec: Mapping[str, Any]) -> Topic:
        """The topic, made or changed as far as it can be."""
        there = self._topics.find(topic)
        if there is None:
            self._topics.create(topic, spec)
            there = self._topics.find(topic)
            if there is None:
                raise ComplaintError("KafkaError", f"{topic} is not known yet to the broker that was asked")
            return there
        wanted = change(spec, there)
        self._topics.alter(topic, wanted)
        if wanted.complaint is not None:
            raise wanted.complaint
        return there

    def _complain(self, found: Manifest, complaint: ComplaintError) -> None:
        """A topic's name and id stay in the status, as they were."""
        former = found.get("status", {})
        said = {"topicName": former.get("topicName") or name_of(found)}
        if "topicId" in former:
            said["topicId"] = former["topicId"]
        condition_ = condition("Ready", "False", reason=complaint.reason, message=str(complaint))
        tell(self._api, TOPIC, found, {"conditions": [condition_], **said})

    def _finalize(self, found: Manifest, finalizers: list[str]) -> Manifest:
        """Refused (409) if somebody has changed the resource meanwhile."""
        metadata = found["metadata"]
        patch = {"finalizers": finalizers, "resourceVersion": metadata["resourceVersion"]}
        return self._api.merge(TOPIC, metadata["name"], {"metadata": patch})


def _finalizers(found: Mapping[str, Any]) -> list[str]:
    return list(found["metadata"].get("finalizers", []))


def _check_name(found: Mapping[str, Any]) -> None:
    if found.get("status", {}).get("topicName", name_of(found)) != name_of(found):
        raise ComplaintError("NotSupported", "Changing spec.topicName is not supported")
