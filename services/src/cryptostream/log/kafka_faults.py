"""Kafka's errors as values: which of them pass by themselves, which end a membership, what the others mean."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException

from cryptostream.core.ports import LogError

LOST: Final = LogError("these partitions were given to another reader meanwhile", lost=True)
BALANCING: Final = LogError("the group's partitions are being shared out anew")
SLOW: Final = LogError("the broker takes too long to say whether this reader is a member of its group")
CLOSED: Final = LogError("the reader is closed", fatal=True)


def _codes(*names: str) -> frozenset[int]:
    """Codes of these names; librdkafka's own begin with an underscore."""
    return frozenset(getattr(KafkaError, name) for name in names)


OUT_OF_RANGE: Final = _codes("_AUTO_OFFSET_RESET", "OFFSET_OUT_OF_RANGE", "_LOG_TRUNCATION")
"""The log does not have the offset that was asked for."""

NO_MEMBER: Final = _codes("UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "FENCED_INSTANCE_ID")
"""The broker no longer knows this reader as a member of its group."""
_PASSING: Final = _codes(
    "_TRANSPORT",
    "_ALL_BROKERS_DOWN",
    "_TIMED_OUT",
    "_TIMED_OUT_QUEUE",
    "_WAIT_COORD",
    "_MAX_POLL_EXCEEDED",
    "_RESOLVE",
    "BROKER_NOT_AVAILABLE",
    "COORDINATOR_LOAD_IN_PROGRESS",
    "COORDINATOR_NOT_AVAILABLE",
    "FENCED_LEADER_EPOCH",
    "KAFKA_STORAGE_ERROR",
    "LEADER_NOT_AVAILABLE",
    "NETWORK_EXCEPTION",
    "NOT_COORDINATOR",
    "NOT_LEADER_FOR_PARTITION",
    "OFFSET_NOT_AVAILABLE",
    "REBALANCE_IN_PROGRESS",
    "REPLICA_NOT_AVAILABLE",
    "REQUEST_TIMED_OUT",
    "UNKNOWN_LEADER_EPOCH",
    "UNSTABLE_OFFSET_COMMIT",
)
_MEANING: Final = {
    "Kafka does not know this name and password": _codes("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED"),
    "no encrypted connection: check caFile, certificate and host name": _codes("_SSL"),
    "Kafka's access lists do not allow it": _codes(
        "TOPIC_AUTHORIZATION_FAILED",
        "GROUP_AUTHORIZATION_FAILED",
        "CLUSTER_AUTHORIZATION_FAILED",
        "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
    ),
    "not there (yet)": _codes("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION"),
    "too large for the topic's max.message.bytes": _codes("MSG_SIZE_TOO_LARGE"),
}


def cause(exception: KafkaException) -> KafkaError:
    """What an exception of confluent-kafka carries."""
    error = exception.args[0]
    return error if isinstance(error, KafkaError) else KafkaError(KafkaError.UNKNOWN, str(error))


def passes(error: KafkaError) -> bool:
    """Whether librdkafka tries again by itself, so that the caller has only to wait."""
    return not error.fatal() and error.code() in _PASSING


def fault(error: KafkaError) -> LogError:
    """`error` for people; `lost` where the broker no longer knows this reader."""
    if error.code() in NO_MEMBER:
        return LOST
    meaning = next((words for words, codes in _MEANING.items() if error.code() in codes), None)
    return LogError(error.str() if meaning is None else f"{meaning}: {error.str()}", fatal=error.fatal())
