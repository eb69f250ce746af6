"""Reads partitions from given offsets on, without a group and without committing anything: committed records only.

librdkafka wants a group's name of every reader, and asks for the group's coordinator; that the access lists forbid it
is of no consequence here.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import LogError, Place
from cryptostream.core.result import Err, Ok, Result, map_ok
from cryptostream.log.kafka_admin import counted
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_faults import cause, fault, passes
from cryptostream.log.kafka_health import Health
from cryptostream.log.kafka_settings import READ, Config, CredentialWatch, connect

SETTINGS: Final[Config] = {
    "enable.partition.eof": True,
    "auto.offset.reset": "earliest",  # what retention has taken is of no interest here
    "allow.auto.create.topics": False,
    # What is fetched comes compressed, what waits does not: together some 20 MB.
    "queued.max.messages.kbytes": 4096,
    "fetch.max.bytes": 1_048_576,
    "fetch.message.max.bytes": 131_072,
    "fetch.queue.backoff.ms": 5,
}
BATCH: Final = 2000
SLICE: Final = 0.5
"""Seconds after which a reader that waits for the broker is looked after."""
_END: Final = KafkaError._PARTITION_EOF  # noqa: SLF001 - librdkafka's own code
NO_MATTER: Final = KafkaError.GROUP_AUTHORIZATION_FAILED
"""Of no consequence to a reader that has no group."""


class Follower:
    """Reads what is asked for, to its end. Not to be used by two threads at once."""

    def __init__(self, consumer: Consumer, edge: KafkaEdge) -> None:
        self._consumer = consumer
        self._edge = edge
        self._watch = CredentialWatch(edge.settings)

    @classmethod
    def open(cls, name: str, edge: KafkaEdge) -> Result["Follower", LogError]:
        """`Err` where the files of the settings cannot be read."""
        config = {**READ, **SETTINGS, "group.id": name, "error_cb": Health().hear}
        return map_ok(connect(Consumer, edge.settings, config), lambda consumer: cls(consumer, edge))

    def read(
        self,
        starts: Mapping[Place, int],
        take: Callable[[Message], None],
        *,
        upto: Mapping[Place, int] | None = None,
        known: Mapping[Place, int] | None = None,
        patience: float | None = None,
    ) -> Result[dict[Place, int], LogError]:
        """Give each committed record from the offsets `starts` on to `take`, to the end that each partition has now.

        Parameters
        ----------
        starts
            By place; `OFFSET_BEGINNING` and `OFFSET_END` are allowed.
        upto
            Offsets of records that are known to be committed: it is enough to have read these.
        known
            The same, but it is read on to the end. A record is shown some milliseconds after it was committed.
        patience
            Seconds to wait in all; None: for as long as it takes.

        Returns
        -------
        The offset after the last one read, by place. Waits while there is no broker, until stopped.
        """
        reading = _Reading(set(starts), upto or {}, known or {}, take)
        until = math.inf if patience is None else time.monotonic() + patience
        try:
            self._consumer.assign([TopicPartition(*place, start) for place, start in starts.items()])
            return self._drain(reading, until)
        except KafkaException as exception:
            return Err(fault(cause(exception)))
        finally:
            self._consumer.unassign()

    def offset_at(self, place: Place, timestamp: Millis, patience: float) -> Result[int, LogError]:
        """Where the records begin that were published at `timestamp` (ms) or later.

        If none is shown, that is the end as it was before the question: what was just committed may come into sight
        at any moment.
        """
        try:
            end, first = (
                self._consumer.offsets_for_times([TopicPartition(*place, each)], timeout=patience)[0]
                for each in (OFFSET_END, max(timestamp, 0))
            )
        except KafkaException as exception:
            return Err(fault(cause(exception)))
        wrong = end.error or first.error
        return Err(fault(wrong)) if wrong else Ok(end.offset if first.offset == OFFSET_END else first.offset)

    def partitions(self, topics: Iterable[str]) -> Result[int, LogError]:
        """How many partitions each of `topics` has. Waits while there is no broker, until stopped."""
        names = tuple(topics)
        attempt = 0
        while True:
            self._watch.look(self._consumer)
            found = counted(self._consumer, names, SLICE * 4)
            if isinstance(found, Ok) or found.error.fatal:
                return found
            if stopped := self._edge.wait("find topics", attempt, found.error.detail):
                return Err(stopped)
            attempt += 1

    def close(self) -> None:
        self._consumer.close()

    def _drain(self, reading: "_Reading", until: float) -> Result[dict[Place, int], LogError]:
        attempt = 0
        while reading.open:
            messages = self._next()
            wrong = next(filter(None, map(reading.meet, messages)), None)
            if wrong:
                return Err(wrong)
            attempt = 0 if messages else attempt + 1
            if reading.open and time.monotonic() > until:
                return Err(LogError(f"Kafka does not show the end of {min(reading.open)}"))
            if attempt and (stopped := self._edge.wait("read", attempt, f"no answer for {min(reading.open)}")):
                return Err(stopped)
        return Ok(reading.next)

    def _next(self) -> list[Message]:
        """The messages that are there, after waiting for the first."""
        self._watch.look(self._consumer)
        first = self._consumer.poll(SLICE)
        return [] if first is None else [first, *self._consumer.consume(BATCH, 0)]


class _Reading:
    """Which partitions have not been read to their end, and the next offset of each."""

    def __init__(
        self,
        places: set[Place],
        upto: Mapping[Place, int],
        known: Mapping[Place, int],
        take: Callable[[Message], None],
    ) -> None:
        self.open = places
        self.next: dict[Place, int] = {}
        self._upto = upto
        self._known = known
        self._take = take

    def meet(self, message: Message) -> LogError | None:
        """Give a record on, note an end; the error that ends the reading."""
        error = message.error()
        if error is None:
            self._take(message)
        elif error.code() != _END:
            return None if error.code() == NO_MATTER or passes(error) else fault(error)
        place, offset = (message.topic() or "", message.partition() or 0), message.offset() or 0
        self.next[place] = offset if error else offset + 1
        target = max(self._upto.get(place, -1), self._known.get(place, -1))
        if self.next[place] > target and (error or place in self._upto):
            self.open.discard(place)
        return None
