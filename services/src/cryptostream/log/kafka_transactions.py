"""Batches of records as Kafka transactions: committed once, or not at all. One owner at a time.

What librdkafka says of a failed call decides (its `INTRODUCTION.md`, "Transactional producer API"): the same call
again, abort and send the same batch again, or the end of this producer. Where the outcome of a commit is unknown, the
commit is repeated until the coordinator tells. One that comes after the coordinator has given up on the transaction
ends this producer as if it were fenced, and the next owner reads what was committed.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from msgspec.structs import replace

from cryptostream.core.ports import LogError, NewRecord
from cryptostream.core.result import Err, Ok, Result, map_ok
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_faults import cause, fault
from cryptostream.log.kafka_health import Health
from cryptostream.log.kafka_settings import Config, CredentialWatch, connect

SETTINGS: Final[Config] = {
    # An open transaction holds up every reader: one that nobody ends is aborted by the coordinator after this time.
    "transaction.timeout.ms": 10_000,
    # So that a request that got lost is sent again within that time.
    "socket.timeout.ms": 4000,
    "partitioner": "murmur2",
    "compression.type": "lz4",
    "queue.buffering.max.messages": 10_000,
    "queue.buffering.max.kbytes": 32_768,
    "allow.auto.create.topics": False,
}
SLICE: Final = 1.0
"""Seconds after which a call that waits for the broker is looked after."""
MOST_SILENT: Final = 3
"""Failures in a row without a reason, after which the client is taken to be broken."""
FENCED: Final = LogError(
    "another producer of this stream has taken over, or Kafka was away for longer than a transaction may last",
    fatal=True,
)
_FENCED: Final = frozenset({KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH})  # noqa: SLF001 - the names of librdkafka's own codes
_HOPELESS: Final = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.UNSUPPORTED_COMPRESSION_TYPE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
"""What does not become right by sending it again: people have to see it."""
_SILENT: Final = KafkaError._FAIL  # noqa: SLF001 - librdkafka's own code
_SOME_FAILED: Final = KafkaError._INCONSISTENT  # noqa: SLF001 - librdkafka's own code
_PURGED: Final = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})  # noqa: SLF001 - librdkafka's own codes


class Outgoing(msgspec.Struct, frozen=True):
    """A record, and its partition where its key does not decide."""

    record: NewRecord
    partition: int = -1


class Failure(msgspec.Struct, frozen=True):
    """Why a transaction was not committed: whether it is to be aborted, and is to be sent again then."""

    error: LogError
    abort: bool = False
    again: bool = False
    code: int | None = None


Places = dict[tuple[str, bytes], tuple[int, int]]


class Transactions:
    """The one producer of a transactional id."""

    def __init__(self, producer: Producer, edge: KafkaEdge, health: Health) -> None:
        self.producer = producer
        self._edge = edge
        self._health = health
        self._watch = CredentialWatch(edge.settings)

    @classmethod
    def open(cls, transactional_id: str, edge: KafkaEdge, health: Health) -> Result["Transactions", LogError]:
        """`Err` where the files of the settings cannot be read. Whether there is a broker shows in `take_over`."""
        config = {**SETTINGS, "transactional.id": transactional_id, "error_cb": health.hear}
        return map_ok(connect(Producer, edge.settings, config), lambda producer: cls(producer, edge, health))

    def take_over(self) -> Result[None, LogError]:
        """Fence every earlier owner of the id. What they left open is aborted, what they were committing committed."""
        taken = self._until("take over", self.producer.init_transactions)
        if isinstance(taken, Err):
            return Err(taken.error.error)
        self._health.well()
        return taken

    def commit(self, batch: Sequence[Outgoing]) -> Result[Places, LogError]:
        """Publish `batch` in one transaction; blocks until the coordinator has said that it is committed.

        Returns
        -------
        Partition and offset of the newest record, by topic and key. Every error is fatal.
        """
        attempt = 0
        while True:
            began = time.monotonic()
            done = self._ended(self._attempt(batch))
            seconds = time.monotonic() - began
            if isinstance(done, Ok):
                self._edge.observer.transaction("committed", seconds)
                return done
            self._edge.observer.transaction("aborted" if done.error.abort else "failed", seconds)
            stopped = self._edge.wait("publish again", attempt, done.error.error.detail) if done.error.again else None
            if stopped or not done.error.again:
                return Err(stopped or replace(done.error.error, fatal=True))
            attempt += 1

    def _attempt(self, batch: Sequence[Outgoing]) -> Result[Places, Failure]:
        sent = _Sent()
        try:
            self.producer.begin_transaction()
            for outgoing in batch:
                self._produce(outgoing, sent)
        except KafkaException as exception:
            return Err(_failure(cause(exception)))
        done = self._until("publish", self._flush)
        if isinstance(done, Ok):
            done = self._until("commit", self.producer.commit_transaction)
        if isinstance(done, Ok):
            self._health.well()
            return Ok(sent.newest)
        refused = sent.failed if done.error.code == _SOME_FAILED else None
        return done if refused is None else Err(_failure(refused, abort=True))

    def _produce(self, outgoing: Outgoing, sent: "_Sent") -> None:
        record = outgoing.record
        while True:
            try:
                self.producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    outgoing.partition,
                    on_delivery=sent.delivered,
                    headers=list(record.headers),
                )
            except BufferError:  # large records: wait until some have gone
                self.producer.poll(0.1)
            else:
                return

    def _flush(self, seconds: float) -> None:
        if self.producer.flush(seconds):
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "no answer from the broker", retriable=True))  # noqa: SLF001 - librdkafka's own code

    def _ended(self, done: Result[Places, Failure]) -> Result[Places, Failure]:
        """With what can be aborted aborted; a failure of that is the end."""
        if isinstance(done, Ok) or not done.error.abort:
            return done
        aborted = self._until("abort", self.producer.abort_transaction)
        if isinstance(aborted, Ok):
            return done
        detail = f"{done.error.error.detail}; then {aborted.error.error.detail}"
        return Err(Failure(replace(aborted.error.error, detail=detail)))

    def _until(self, what: str, call: Callable[[float], object]) -> Result[None, Failure]:
        """Repeat `call` until the broker has answered it."""
        attempt = 0
        while True:
            try:
                self.producer.poll(0)  # hands over what librdkafka has to say
                call(SLICE)
            except (KafkaException, SystemError) as exception:
                error = _raised(exception)
            else:
                return Ok(None)
            self._health.note([error])
            silent = error.code() == _SILENT and attempt >= MOST_SILENT
            if silent or error.fatal() or error.txn_requires_abort() or not error.retriable():
                return Err(_failure(error))
            self._watch.look(self.producer)
            if stopped := self._edge.wait(what, attempt, error.str()):
                return Err(Failure(stopped))
            attempt += 1


class _Sent:
    """What the broker says of the records of one transaction."""

    def __init__(self) -> None:
        self.newest: Places = {}
        self.failed: KafkaError | None = None

    def delivered(self, error: KafkaError | None, message: Message) -> None:
        """An offset below 0 is unknown: of a record that had been taken already, when it was sent again."""
        offset = message.offset()
        if error is not None:
            self.failed = self.failed or (None if error.code() in _PURGED else error)
        elif offset is not None and offset >= 0:
            self.newest[message.topic() or "", message.key() or b""] = (message.partition() or 0, offset)


def _raised(exception: BaseException) -> KafkaError:
    """What a call failed with.

    A fatal error is raised while delivery reports are being handed over: Python sees callbacks that return in spite of
    an exception, and makes a SystemError of it.
    """
    while isinstance(exception, SystemError) and exception.__cause__ is not None:
        exception = exception.__cause__
    if isinstance(exception, KafkaException):
        return cause(exception)
    # The cause may be lost on the way: the next call fails with it again.
    return KafkaError(_SILENT, "the client gave no reason", retriable=True)


def _failure(error: KafkaError, *, abort: bool | None = None) -> Failure:
    """What `error` means for the transaction; `abort` where librdkafka does not say whether it is to be aborted."""
    if error.code() in _FENCED:
        return Failure(FENCED)
    aborts = (error.txn_requires_abort() if abort is None else abort) and not error.fatal()
    return Failure(fault(error), aborts, again=aborts and error.code() not in _HOPELESS, code=error.code())
