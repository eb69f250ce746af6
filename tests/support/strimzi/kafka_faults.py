"""Faults of Kafka in the words of Java's client, which Strimzi passes on."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException

from tests.support.strimzi.told import ComplaintError

# How long Kafka is asked, and how long librdkafka is waited for to say that nobody answered (seconds).
ASKED, WAITED = 4.0, 15.0
_PACKAGE = "org.apache.kafka.common.errors"
_NAMES = {
    KafkaError.INVALID_CONFIG: "InvalidConfigurationException",
    KafkaError.INVALID_PARTITIONS: "InvalidPartitionsException",
    KafkaError.INVALID_REPLICATION_FACTOR: "InvalidReplicationFactorException",
    KafkaError.INVALID_REQUEST: "InvalidRequestException",
    KafkaError.POLICY_VIOLATION: "PolicyViolationException",
    KafkaError.TOPIC_ALREADY_EXISTS: "TopicExistsException",
    KafkaError.TOPIC_EXCEPTION: "InvalidTopicException",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "TopicAuthorizationException",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "UnknownTopicOrPartitionException",
}


def java_text(error: KafkaError) -> str:
    """The exception's class and message; who does not answer is late."""
    return f"{_PACKAGE}.{_NAMES.get(error.code(), 'TimeoutException')}: {error.str()}"


@contextmanager
def complaining() -> Iterator[None]:
    """What Kafka refuses is a complaint of the resource."""
    try:
        yield
    except KafkaException as fault:
        raise ComplaintError("KafkaError", java_text(fault.args[0])) from fault
