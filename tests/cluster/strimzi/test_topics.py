"""KafkaTopics: each row of what the real Topic Operator was seen to do."""

from tests.cluster.strimzi.seeing import Seen
from tests.support.strimzi.api import TOPIC
from tests.support.strimzi.part import Strimzi
from tests.support.strimzi.topic_operator import FINALIZER

HOUR = 3_600_000


def test_a_topic_is_made(seen: Seen, strimzi: Strimzi) -> None:
    """created: Ready=True, finalizer `strimzi.io/topic-operator`."""
    found = seen.ready(strimzi.topic("orders", partitions=3, replicas=1, config={"retention.ms": 2 * HOUR}))
    topic = seen.topic("orders")
    assert len(topic.replicas) == 3
    assert topic.config["retention.ms"] == str(2 * HOUR)
    assert found["metadata"]["finalizers"] == [FINALIZER]
    status = found["status"]
    assert status["topicId"] == topic.id
    assert status["topicName"] == "orders"
    assert status["observedGeneration"] == found["metadata"]["generation"]
    assert status.keys() == {"conditions", "observedGeneration", "topicId", "topicName"}


def test_without_numbers_the_broker_decides(seen: Seen, strimzi: Strimzi) -> None:
    """partitions, replicas absent: broker default."""
    seen.ready(strimzi.topic("plain", topicName="Plain_One"))
    assert seen.topic("Plain_One").replicas == {0: 1}


def test_a_topic_of_nobody_is_left_alone(seen: Seen, strimzi: Strimzi) -> None:
    """label missing: ignored, no status, no finalizer."""
    manifest = strimzi.topic("unlabelled")
    del manifest["metadata"]["labels"]
    seen.apply(manifest)
    seen.ready(strimzi.topic("after"))
    found = seen.get(TOPIC, "unlabelled")
    assert "status" not in found
    assert "finalizers" not in found["metadata"]
    assert seen.topics.find("unlabelled") is None
