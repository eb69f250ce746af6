"""The whole ledger of a stream for one of its consumers: at first all that it says, later what is new.

Every consumer reads all of it, whichever partitions its group gives it: a series is judged by its entries. Used from
one thread; nothing is committed, and a group is not joined.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from cryptostream.core.codec import ledger
from cryptostream.core.codec.ledger import Entry
from cryptostream.core.codec.record import ledger_topic
from cryptostream.core.ports import LogError, Place
from cryptostream.core.result import Err, Ok, Result, map_ok
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_faults import cause, fault
from cryptostream.log.kafka_follower import NO_MATTER, SETTINGS, Follower
from cryptostream.log.kafka_health import Health
from cryptostream.log.kafka_past import Entries
from cryptostream.log.kafka_settings import READ, Config, CredentialWatch, connect

SLOW: Final[Config] = {
    "enable.partition.eof": False,
    "fetch.wait.max.ms": 1000,
    "queued.max.messages.kbytes": 1024,
}
MOST: Final = 2000
Entered = Result[Sequence[Entry], LogError]


class KafkaBook:
    """The ledger of `stream`."""

    def __init__(self, stream: str, edge: KafkaEdge) -> None:
        self._stream = stream
        self._edge = edge
        self._health = Health()
        self._watch = CredentialWatch(edge.settings)
        self._consumer: Consumer | None = None

    def entries(self) -> Entered:
        """What was entered since the last call; the first time everything, at its newest state.

        The first call waits while there is no broker, until stopped; later ones do not wait.
        """
        return self._new(self._consumer) if self._consumer else self._all()

    def close(self) -> None:
        """Let go of the connections."""
        if self._consumer is not None:
            self._consumer.close()
        self._consumer = None

    def _all(self) -> Entered:
        opened = Follower.open(f"{self._stream}.book", self._edge)
        if isinstance(opened, Err):
            return opened
        try:
            return self._read(opened.value)
        finally:
            opened.value.close()

    def _read(self, follower: Follower) -> Entered:
        name, entries = ledger_topic(self._stream), Entries(self._edge.tell)
        partitions = follower.partitions([name])
        if isinstance(partitions, Err):
            return partitions
        starts = {(name, each): OFFSET_BEGINNING for each in range(partitions.value)}
        ends = follower.read(starts, entries.take)
        following = ends if isinstance(ends, Err) else self._follow(ends.value)
        return map_ok(following, lambda _: [*entries.progress.values(), *entries.gaps.values()])

    def _follow(self, ends: Mapping[Place, int]) -> Result[None, LogError]:
        config = {**READ, **SETTINGS, **SLOW, "group.id": f"{self._stream}.book", "error_cb": self._health.hear}
        opened = connect(Consumer, self._edge.settings, config)
        if isinstance(opened, Err):
            return opened
        opened.value.assign([TopicPartition(*place, end) for place, end in ends.items()])
        self._consumer = opened.value
        return Ok(None)

    def _new(self, consumer: Consumer) -> Entered:
        self._watch.look(consumer)
        try:
            messages = [*consumer.consume(MOST, 0)]
            while len(messages) % MOST == 0 and (more := consumer.consume(MOST, 0)):
                messages += more
        except KafkaException as exception:
            return Err(fault(cause(exception)))
        errors = [error for message in messages if (error := message.error()) and error.code() != NO_MATTER]
        wrong = self._health.note(errors)
        return Err(wrong) if wrong else Ok([*_decoded(messages)])


def _decoded(messages: Iterable[Message]) -> Iterator[Entry]:
    """What is no entry is told by who was given it as a record of the ledger."""
    for message in messages:
        if message.error() is None and (value := message.value()) is not None:
            entry = ledger.decode(message.key() or b"", value)
            if isinstance(entry, Ok):
                yield entry.value
