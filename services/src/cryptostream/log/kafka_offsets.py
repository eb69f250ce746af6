"""Questions of a reader to the broker. Each blocks for some seconds at most, and none raises.

What a commit says besides the offset stands in its metadata, as JSON, which lives and dies with the offset.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition

from cryptostream.core.ports import Place
from cryptostream.core.result import Err, Ok, Result, bind, map_ok
from cryptostream.log.kafka_faults import cause
from cryptostream.log.kafka_holdings import Bounds, Mark

PATIENCE: Final = 4.0
"""Seconds for an answer."""
_EARLIEST, _LATEST = -2, -1
"""Timestamps that ask for the ends of a log (ListOffsets of Kafka's protocol)."""


class _Note(msgspec.Struct, frozen=True, omit_defaults=True):
    expired: int | None = None
    topic_id: str | None = None


def bounds(consumer: Consumer, places: Iterable[Place]) -> Result[dict[Place, Bounds], KafkaError]:
    """Both ends of each partition, as far as it may be read."""
    asked = tuple(places)
    low = _offsets_at(consumer, asked, _EARLIEST, PATIENCE)
    end = bind(low, lambda _: ends(consumer, asked))
    if isinstance(low, Err):
        return low
    return map_ok(end, lambda after: {place: Bounds(low.value[place], after[place]) for place in asked})


def ends(
    consumer: Consumer, places: Iterable[Place], patience: float = PATIENCE
) -> Result[dict[Place, int], KafkaError]:
    """The offset after the last record of each partition that may be read."""
    return _offsets_at(consumer, tuple(places), _LATEST, patience)


def marks(consumer: Consumer, places: Iterable[Place]) -> Result[dict[Place, Mark | None], KafkaError]:
    """What the group has committed of each partition, None where nothing."""
    try:
        found = consumer.committed([TopicPartition(*place) for place in places], timeout=PATIENCE)
    except KafkaException as exception:
        return Err(cause(exception))
    wrong = first_error(found)
    return Err(wrong) if wrong else Ok({(at.topic, at.partition): _mark(at) for at in found})


def offset(place: Place, mark: Mark) -> TopicPartition:
    """`mark` as it is committed."""
    return TopicPartition(*place, mark.offset, msgspec.json.encode(_Note(mark.expired, mark.topic_id)).decode())


def first_error(found: Iterable[TopicPartition]) -> KafkaError | None:
    """What is wrong with one of the partitions that the broker was asked about."""
    return next((at.error for at in found if at.error is not None), None)


def _offsets_at(
    consumer: Consumer, places: tuple[Place, ...], timestamp: int, patience: float
) -> Result[dict[Place, int], KafkaError]:
    """One request a broker, however many partitions."""
    try:
        found = consumer.offsets_for_times([TopicPartition(*place, timestamp) for place in places], timeout=patience)
    except KafkaException as exception:
        return Err(cause(exception))
    wrong = first_error(found)
    return Err(wrong) if wrong else Ok({(at.topic, at.partition): at.offset for at in found})


def _mark(at: TopicPartition) -> Mark | None:
    if at.offset == OFFSET_INVALID:
        return None
    note = _note(at.metadata)
    return Mark(at.offset, note.expired, note.topic_id)


def _note(metadata: str | None) -> _Note:
    """What another program wrote there says nothing to us."""
    try:
        return msgspec.json.decode(metadata or "{}", type=_Note)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _Note()
