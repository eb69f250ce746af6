import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from cryptostream.log.kafka_faults import cause, fault, passes
from cryptostream.log.kafka_health import Health
from cryptostream.log.kafka_holdings import Mark
from cryptostream.log.kafka_offsets import _mark, first_error, offset

AWAY = KafkaError(KafkaError._ALL_BROKERS_DOWN, "no broker")
WRONG = KafkaError(KafkaError._AUTHENTICATION, "refused")


@pytest.mark.parametrize("code", [KafkaError.UNKNOWN_MEMBER_ID, KafkaError.ILLEGAL_GENERATION])
def test_who_is_no_member_has_lost_all(code: int) -> None:
    assert fault(KafkaError(code)).lost
    assert not fault(KafkaError(code)).fatal


def test_a_fault_says_what_is_to_be_mended() -> None:
    assert fault(WRONG).detail == "Kafka does not know this name and password: refused"
    assert fault(KafkaError(KafkaError.INVALID_CONFIG, "odd")).detail == "odd"
    assert fault(KafkaError(KafkaError._FATAL, "over", fatal=True)).fatal


def test_what_librdkafka_tries_again_passes() -> None:
    assert passes(AWAY)
    assert not passes(WRONG)
    assert not passes(KafkaError(KafkaError._TRANSPORT, fatal=True))


def test_an_exception_of_the_client_has_a_cause_in_any_case() -> None:
    assert cause(KafkaException(WRONG)) is WRONG
    assert cause(KafkaException("text")).str() == "text"


def test_health_is_what_was_heard_last() -> None:
    health = Health()
    health.hear(AWAY)
    assert health.note([]) is None
    assert health.fault == "no broker"
    told = health.note([WRONG, AWAY])
    assert told is not None
    assert told.detail.endswith("refused")
    health.well()
    assert health.fault is None


@pytest.mark.parametrize("mark", [Mark(5), Mark(0, 9), Mark(5, None, "id"), Mark(5, 9, "id")])
def test_a_mark_comes_back_as_it_was_committed(mark: Mark) -> None:
    assert _mark(offset(("t", 1), mark)) == mark


@pytest.mark.parametrize("metadata", ["", "text", "[1]", '{"expired":"x"}', '{"a":' + "[" * 4000])
def test_metadata_of_other_programs_says_nothing(metadata: str) -> None:
    assert _mark(TopicPartition("t", 1, 5, metadata)) == Mark(5)


def test_nothing_committed_is_no_mark() -> None:
    assert _mark(TopicPartition("t", 1)) is None
    assert first_error([TopicPartition("t", 1)]) is None
