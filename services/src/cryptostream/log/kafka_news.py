"""What others write into the ledger: gaps that consumers name, because records expired before they were read."""

from collections.abc import Iterable, Mapping
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from cryptostream.core.codec import ledger
from cryptostream.core.market.gap import Gap
from cryptostream.core.ports import LogError, Place
from cryptostream.core.result import Err, Ok, Result
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_faults import cause, fault, passes
from cryptostream.log.kafka_follower import NO_MATTER, SETTINGS
from cryptostream.log.kafka_settings import READ, Config, CredentialWatch, connect

SLOW: Final[Config] = {
    # A message in the background: what the producer itself writes comes back, too, and is passed over.
    "enable.partition.eof": False,
    "fetch.wait.max.ms": 1000,
    "queued.max.messages.kbytes": 1024,
}
MOST: Final = 2000
_THEIRS: Final = b"e|"
"""How the keys of what consumers name begin (`core.codec.ledger`)."""


class News:
    """Follows the ledger from where it was read to."""

    def __init__(self, name: str, edge: KafkaEdge) -> None:
        self._name = name
        self._edge = edge
        self._watch = CredentialWatch(edge.settings)
        self._begins: Mapping[Place, int] = {}
        self._consumer: Consumer | None = None

    def begin(self, begins: Mapping[Place, int]) -> None:
        """Follow from these offsets on, from the next question."""
        self.close()
        self._begins = begins

    def heard(self) -> Result[tuple[Gap, ...], LogError]:
        """Gaps that others have recorded since the last call. Does not wait: what is on its way comes the next time.

        What cannot be read now is no error: it stays in the ledger.
        """
        if not self._begins:
            return Ok(())
        consumer = self._opened()
        if isinstance(consumer, Err):
            return consumer
        self._watch.look(consumer.value)
        try:
            messages = consumer.value.consume(MOST, 0)
        except KafkaException as exception:
            return Err(fault(cause(exception)))
        for message in messages:
            if (error := message.error()) and error.code() != NO_MATTER and not passes(error):
                self._edge.tell.warning("news_not_heard", detail=fault(error).detail)
        return Ok(tuple(_gaps(messages)))

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
        self._consumer = None

    def _opened(self) -> Result[Consumer, LogError]:
        if self._consumer is not None:
            return Ok(self._consumer)
        config = {**READ, **SETTINGS, **SLOW, "group.id": self._name, "error_cb": _unheard}
        opened = connect(Consumer, self._edge.settings, config)
        if isinstance(opened, Ok):
            opened.value.assign([TopicPartition(*place, offset) for place, offset in self._begins.items()])
            self._consumer = opened.value
        return opened


def _unheard(_: KafkaError) -> None:
    """Librdkafka logs it."""


def _gaps(messages: Iterable[Message]) -> Iterable[Gap]:
    """What is no entry was told when the ledger was read, or will be: it is passed over here."""
    for message in messages:
        key = message.key() or b""
        if message.error() is None and key.startswith(_THEIRS):
            entry = ledger.decode(key, message.value() or b"")
            if isinstance(entry, Ok) and isinstance(entry.value, Gap) and entry.value.state == "open":
                yield entry.value
