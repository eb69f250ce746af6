"""What each answer of librdkafka leads to: the same call again, abort and send again, or the end.

A scripted producer says what a real broker says too seldom; the real one is in tests/integration.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from cryptostream.core.ports import NewRecord
from cryptostream.core.result import Err, Ok
from cryptostream.log.kafka_edge import STOPPED, KafkaEdge
from cryptostream.log.kafka_health import Health
from cryptostream.log.kafka_settings import KafkaSettings
from cryptostream.log.kafka_transactions import FENCED, Outgoing, Transactions
from tests.support.kafka_stream import Counted

AWAY = KafkaError(KafkaError._TIMED_OUT, "away", retriable=True)
ABORTABLE = KafkaError(KafkaError._TIMED_OUT, "came to nothing", txn_requires_abort=True)
SOME_FAILED = KafkaError(KafkaError._INCONSISTENT, "1 message(s) failed", txn_requires_abort=True)
GONE = KafkaError(KafkaError._FENCED, "fenced", fatal=True)
ODD = KafkaError(KafkaError._STATE, "odd")
BATCH = [Outgoing(NewRecord("prices", b"BTC", b"1")), Outgoing(NewRecord("ledger", b"p", b"2"), 4)]

Script = dict[str, list[KafkaError | BufferError | SystemError | None]]


class Scripted:
    """Fails each call as its script says, and then no more. `refusal` is what becomes of the first record."""

    def __init__(self, script: Script, refusal: KafkaError | None = None, offset: int = 70) -> None:
        self._script = script
        self._refusal = refusal
        self._offset = offset
        self._reports: list[Callable[[], None]] = []
        self.calls: list[str] = []

    def _say(self, what: str) -> None:
        self.calls.append(what)
        wrong = self._script[what].pop(0) if self._script.get(what) else None
        if isinstance(wrong, KafkaError):
            raise KafkaException(wrong)
        if wrong is not None:
            raise wrong

    def begin_transaction(self) -> None:
        self._say("begin")

    def produce(
        self, topic: str, value: bytes, key: bytes, partition: int, *, on_delivery: Any, headers: Sequence[Any]
    ) -> None:
        self._say(f"produce {value.decode()}{list(headers) or ''}")
        refusal, self._refusal = self._refusal, None
        message = Message(topic=topic, partition=max(partition, 0), offset=self._offset, key=key, value=value)
        self._reports.append(lambda: on_delivery(refusal, message))
        self._offset += 1

    def flush(self, _: float) -> int:
        self._say("flush")
        while self._reports:
            self._reports.pop(0)()
        return 0

    def poll(self, _: float) -> int:
        return 0

    def commit_transaction(self, _: float) -> None:
        self._say("commit")

    def abort_transaction(self, _: float) -> None:
        self._say("abort")
        self._reports.clear()

    def init_transactions(self, _: float) -> None:
        self._say("init")


def transactions(producer: Scripted, counted: Counted | None = None) -> Transactions:
    told = counted or Counted()
    edge = KafkaEdge(KafkaSettings("nowhere"), tell=told, observer=told, jitter=lambda: 1.0)
    told.on_wait = told.on_wait if counted else edge.stop.is_set
    return Transactions(cast("Producer", producer), edge, Health())


ONCE = ["begin", "produce 1", "produce 2", "flush", "commit"]
ABORTED = [*ONCE, "abort"]


def test_what_is_committed_tells_where_its_records_are() -> None:
    producer, counted = Scripted({}), Counted()
    committed = transactions(producer, counted).commit(BATCH)
    assert committed == Ok({("prices", b"BTC"): (0, 70), ("ledger", b"p"): (4, 71)})
    assert (producer.calls, counted.outcomes) == (ONCE, ["committed"])


def test_the_offset_of_a_record_that_was_sent_again_may_be_unknown() -> None:
    assert transactions(Scripted({}, offset=-1)).commit(BATCH) == Ok({("ledger", b"p"): (4, 0)})


def test_a_commit_without_an_answer_is_repeated_until_there_is_one() -> None:
    producer, counted = Scripted({"commit": [AWAY, AWAY]}), Counted()
    assert isinstance(transactions(producer, counted).commit(BATCH), Ok)
    assert producer.calls == [*ONCE, "commit", "commit"]
    assert counted.outcomes == ["committed"]
    assert [fields["what"] for _, fields in counted.lines] == ["commit", "commit"]


@pytest.mark.parametrize("where", ["commit", "flush"])
def test_what_can_be_aborted_is_aborted_and_sent_again(where: str) -> None:
    producer, counted = Scripted({where: [ABORTABLE], "abort": [AWAY]}), Counted()
    assert isinstance(transactions(producer, counted).commit(BATCH), Ok)
    assert producer.calls == [*ONCE[: ONCE.index(where) + 1], "abort", "abort", *ONCE]
    assert counted.outcomes == ["aborted", "committed"]


def test_a_record_that_was_not_delivered_is_sent_again_with_the_others() -> None:
    producer = Scripted({"commit": [SOME_FAILED]}, KafkaError(KafkaError._MSG_TIMED_OUT))
    assert isinstance(transactions(producer).commit(BATCH), Ok)
    assert producer.calls == [*ABORTED, *ONCE]


@pytest.mark.parametrize("code", [KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.TOPIC_AUTHORIZATION_FAILED])
def test_a_record_that_will_never_be_taken_is_the_end_and_holds_up_no_reader(code: int) -> None:
    producer, counted = Scripted({"commit": [SOME_FAILED]}, KafkaError(code, "because")), Counted()
    refused = transactions(producer, counted).commit(BATCH)
    assert isinstance(refused, Err)
    assert refused.error.fatal
    assert "because" in refused.error.detail
    assert producer.calls == ABORTED


@pytest.mark.parametrize("where", ["begin", "flush", "commit"])
def test_a_fenced_producer_is_at_its_end(where: str) -> None:
    producer, counted = Scripted({where: [GONE]}), Counted()
    assert transactions(producer, counted).commit(BATCH) == Err(FENCED)
    assert (producer.calls[-1], counted.outcomes) == (where, ["failed"])


def test_a_fatal_error_that_python_wraps_is_the_same() -> None:
    wrapped = SystemError("returned a result with an exception set")
    wrapped.__cause__ = KafkaException(GONE)
    assert transactions(Scripted({"flush": [wrapped]})).commit(BATCH) == Err(FENCED)


def test_a_fatal_error_whose_reason_is_lost_shows_in_the_next_call() -> None:
    lost = SystemError("returned NULL without setting an exception")
    assert transactions(Scripted({"flush": [lost, GONE]})).commit(BATCH) == Err(FENCED)
    broken = transactions(Scripted({"flush": [lost] * 9})).commit(BATCH)
    assert isinstance(broken, Err)
    assert (broken.error.fatal, broken.error.detail) == (True, "the client gave no reason")


def test_an_abort_that_fails_is_the_end_and_says_both() -> None:
    failed = transactions(Scripted({"commit": [ABORTABLE], "abort": [ODD]})).commit(BATCH)
    assert isinstance(failed, Err)
    assert (failed.error.fatal, failed.error.detail) == (True, "came to nothing; then odd")


def test_an_error_that_nobody_expects_is_the_end() -> None:
    failed = transactions(Scripted({"commit": [ODD]})).commit(BATCH)
    assert isinstance(failed, Err)
    assert failed.error.fatal


def test_a_full_queue_is_waited_for() -> None:
    producer = Scripted({"produce 2": [BufferError(), BufferError()]})
    assert isinstance(transactions(producer).commit(BATCH), Ok)
    assert producer.calls == ["begin", "produce 1", "produce 2", "produce 2", "produce 2", "flush", "commit"]


@pytest.mark.parametrize(
    "script", [{"commit": [AWAY]}, {"flush": [AWAY]}, {"commit": [ABORTABLE]}, {"commit": [ABORTABLE], "abort": [AWAY]}]
)
def test_a_stop_ends_every_wait(script: Script) -> None:
    work = transactions(Scripted(script))
    work._edge.stop.set()
    stopped = work.commit(BATCH)
    assert isinstance(stopped, Err)
    assert stopped.error.fatal
    assert STOPPED.detail in stopped.error.detail


def test_a_take_over_waits_for_the_broker_and_ends_where_it_is_not_allowed() -> None:
    producer = Scripted({"init": [AWAY, AWAY]})
    assert transactions(producer).take_over() == Ok(None)
    assert producer.calls == ["init"] * 3
    denied = KafkaError(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "no", fatal=True)
    refused = transactions(Scripted({"init": [denied]})).take_over()
    assert isinstance(refused, Err)
    assert "access lists do not allow" in refused.error.detail
