"""How Strimzi's part hears of changes."""

from contextlib import closing

from tests.cluster.strimzi.seeing import Seen
from tests.support.strimzi.api import TOPIC
from tests.support.strimzi.part import Strimzi


def test_a_change_is_heard_when_it_happens(seen: Seen, strimzi: Strimzi) -> None:
    """Ready=True in ~0.6 s: it does not wait for the next list."""
    _, version = seen.api.list(TOPIC)
    with closing(seen.api.watch(TOPIC, version)) as heard:
        seen.apply(strimzi.topic("heard"))
        assert next(heard)["metadata"]["name"] == "heard"
