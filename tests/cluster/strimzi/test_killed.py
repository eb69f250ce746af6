"""Strimzi's part is killed at moments of chance: it always gets there, and leaves nothing behind."""

import random
import time
from collections.abc import Callable, Sequence
from functools import partial

from tests.cluster.strimzi.seeing import Seen
from tests.support.parts.process import wait_for
from tests.support.strimzi.api import SECRET, TOPIC, USER
from tests.support.strimzi.part import Strimzi

COUNT, KILLS = 12, 2
TOPICS = [f"killed-topic-{number}" for number in range(COUNT)]
USERS = [f"killed-user-{number}" for number in range(COUNT)]


def test_killed_while_it_makes_and_while_it_removes(seen: Seen, strimzi: Strimzi) -> None:
    """It runs as a separate process that can be killed -9 and started again."""
    chance = random.Random(1)
    seen.ready(strimzi.kafka())
    rule = {"resource": {"type": "topic", "name": "orders"}, "operations": ["Read"]}
    made = [strimzi.topic(name, partitions=2) for name in TOPICS]
    made += [strimzi.user(name, None, rule) for name in USERS]
    _killed_meanwhile(strimzi, chance, [partial(seen.apply, each) for each in made])
    for kind, names in ((TOPIC, TOPICS), (USER, USERS)):
        for name in names:
            seen.condition(kind, name, "Ready")
    assert all(len(seen.topic(name).replicas) == 2 for name in TOPICS)
    assert seen.users.names() >= {*USERS}

    removed = [(TOPIC, name) for name in TOPICS] + [(USER, name) for name in USERS]
    _killed_meanwhile(strimzi, chance, [partial(seen.api.delete, *each) for each in removed])
    for kind, name in removed:
        seen.gone(kind, name)
    wait_for(lambda: not {*USERS} & seen.users.names(), "no user is left in Kafka")
    wait_for(lambda: all(seen.api.get(SECRET, name) is None for name in USERS), "no Secret is left")
    assert all(seen.topics.find(name) is None for name in TOPICS)


def _killed_meanwhile(strimzi: Strimzi, chance: random.Random, steps: Sequence[Callable[[], object]]) -> None:
    """Take the steps, and kill it between and after them."""
    kills = {chance.randrange(len(steps)) for _ in range(KILLS)}
    for number, step in enumerate(steps):
        step()
        if number in kills:
            time.sleep(chance.uniform(0, 0.2))
            strimzi.kill()
            strimzi.start()
