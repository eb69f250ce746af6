"""Two KafkaTopics for one topic: as the real Topic Operator was seen to deal with them, its flaw included."""

import time

from tests.cluster.strimzi.seeing import Seen, message
from tests.support.parts.process import wait_for
from tests.support.strimzi.api import TOPIC
from tests.support.strimzi.part import Strimzi


def managed_by(name: str) -> str:
    return f"Managed by Ref{{namespace='strimzi', name='{name}'}}"


def test_the_older_one_manages_the_topic(seen: Seen, strimzi: Strimzi) -> None:
    """Oldest by creationTimestamp manages it, the other Ready=False `ResourceConflict`, no finalizer."""
    first, second = strimzi.topic("first", topicName="shared"), strimzi.topic("second", topicName="shared")
    seen.ready(first)
    wait_for(lambda: _second_of(seen, "first") != _now(), "the second is over")
    assert seen.refused(second, "ResourceConflict") == managed_by("first")
    assert "finalizers" not in seen.get(TOPIC, "second")["metadata"]

    # Edits of the older keep working.
    seen.ready({**first, "spec": {"topicName": "shared", "partitions": 2}})
    seen.topic("shared", lambda topic: len(topic.replicas) == 2)

    # After deleting the older, re-creating the other makes it Ready.
    seen.api.delete(TOPIC, "first")
    seen.gone(TOPIC, "first")
    seen.api.delete(TOPIC, "second")
    seen.gone(TOPIC, "second")
    seen.ready(second)


def test_two_of_one_second_stand_in_each_others_way(seen: Seen, strimzi: Strimzi) -> None:
    """Trap: with the same creation second, the next edit of the Ready one turned it to ResourceConflict…"""
    names = _of_one_second(seen, strimzi)
    wait_for(lambda: all("status" in seen.get(TOPIC, name) for name in names), "both are told of")
    (winner,) = [name for name in names if _is_ready(seen, name)]
    (loser,) = {*names} - {winner}
    topic = seen.get(TOPIC, winner)["spec"]["topicName"]
    assert seen.topics.find(topic) is not None
    told = message(seen.condition(TOPIC, loser, "Ready", "False", "ResourceConflict"))
    assert told == managed_by(winner)

    # … "Managed by" itself …
    said = seen.refused(strimzi.topic(winner, topicName=topic, partitions=2), "ResourceConflict")
    assert said == managed_by(winner)

    # … deleting it removed the topic, and a re-created one was refused even after the other was deleted.
    seen.api.delete(TOPIC, loser)
    seen.api.delete(TOPIC, winner)
    seen.gone(TOPIC, winner)
    assert seen.topics.find(topic) is None
    assert seen.refused(strimzi.topic(winner, topicName=topic), "ResourceConflict") == managed_by(loser)

    # What it remembers ends with its process.
    strimzi.kill()
    strimzi.start()
    seen.condition(TOPIC, winner, "Ready")


def _of_one_second(seen: Seen, strimzi: Strimzi) -> tuple[str, str]:
    """Two resources for one topic, made in one second: tried until it happens."""
    for number in range(20):
        names = f"one-{number}", f"two-{number}"
        time.sleep(1 - time.time() % 1)  # from the beginning of a second
        for name in names:
            seen.apply(strimzi.topic(name, topicName=f"twice-{number}"))
        if _second_of(seen, names[0]) == _second_of(seen, names[1]):
            return names
    raise AssertionError("two resources were never made in one second")


def _second_of(seen: Seen, name: str) -> str:
    return str(seen.get(TOPIC, name)["metadata"]["creationTimestamp"])


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _is_ready(seen: Seen, name: str) -> bool:
    (told,) = seen.get(TOPIC, name)["status"]["conditions"]
    return bool(told["type"] == "Ready" and told["status"] == "True")
