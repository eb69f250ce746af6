"""A producer that dies within a transaction and never comes back: how long its readers are held up."""

import time
from collections.abc import Callable

from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import OffsetSpec

from tests.chaos.world import World

PATIENCE = 60.0
LOOK = 0.1


def held_up(world: World) -> float:
    """Seconds from the death of the producer until a `read_committed` reader gets past its last transaction."""
    process = world.producer.process
    until = time.monotonic() + PATIENCE
    while True:
        process.server.pause()
        if _open_transaction(world):
            break
        process.server.resume()
        assert time.monotonic() < until, "the producer was never met within a transaction"
        time.sleep(0.037)  # out of step with whatever it does regularly
    process.hold()
    seconds = _until(lambda: not _open_transaction(world))
    process.start()
    return seconds


def _until(condition: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < PATIENCE, "readers are held up for ever"
        time.sleep(LOOK)
    return time.monotonic() - began


def _open_transaction(world: World) -> bool:
    """Whether there are records which only a transaction's end will show or hide."""
    return _ends(world, IsolationLevel.READ_COMMITTED) != _ends(world, IsolationLevel.READ_UNCOMMITTED)


def _ends(world: World, level: IsolationLevel) -> dict[tuple[str, int], int]:
    places = [TopicPartition(topic, each) for topic in world.stream.prices for each in range(world.stream.partitions)]
    asked = world.kafka.admin.client.list_offsets(
        {place: OffsetSpec.latest() for place in places}, isolation_level=level, request_timeout=5.0
    )
    return {(place.topic, place.partition): future.result().offset for place, future in asked.items()}
