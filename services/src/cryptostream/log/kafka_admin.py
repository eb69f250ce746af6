"""The topics of a stream: how they are to be set up, and whether they are there and may be used.

Strimzi makes them in a cluster; `create` does where nobody else does. Nothing is ever changed or deleted here.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, NewTopic, TopicDescription

from cryptostream.core.ports import LogError
from cryptostream.core.resource.plan import Topic
from cryptostream.core.resource.rights import Right
from cryptostream.core.result import Err, Ok, Result, bind, map_ok
from cryptostream.log.kafka_faults import cause, fault
from cryptostream.log.kafka_health import Health
from cryptostream.log.kafka_settings import KafkaSettings, connect

PATIENCE: Final = 10.0
ANSWER: Final = 3.0
"""Seconds to wait for what a broker that is there says at once."""
LEDGER: Final = {
    # Read whole at each start: the least segment that Kafka allows, and compaction soon and often.
    "cleanup.policy": "compact",
    "segment.bytes": "1048576",
    "min.cleanable.dirty.ratio": "0.1",
    "max.compaction.lag.ms": "600000",
    "delete.retention.ms": "600000",
}
_MISSING: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})  # noqa: SLF001 - librdkafka's own code


def topic_configs(topic: Topic) -> dict[str, str]:
    """What a topic of a plan is configured to beyond the broker's defaults.

    The Kafka timestamp is the time of publication (`CreateTime`, the default), so that retention counts from there.
    """
    if topic.compacted:
        return dict(LEDGER)
    kept = -1 if topic.retention_seconds is None else topic.retention_seconds * 1000
    return {"cleanup.policy": "delete", "retention.ms": str(kept)}


def create(settings: KafkaSettings, topics: Sequence[Topic]) -> Result[None, LogError]:
    """Make those of `topics` that are not there."""
    return bind(connect(AdminClient, settings, {}), lambda client: _create(client, topics))


def check(settings: KafkaSettings, rights: Sequence[Right]) -> Result[None, LogError]:
    """See that the topics of `rights` are there, have one number of partitions, and may be used so.

    Returns
    -------
    A fatal error names the topic and the remedy; one that is not fatal says that there is no broker (yet).
    What concerns groups and transactional ids, only their use can show.
    """
    health = Health()
    client = connect(AdminClient, settings, {"error_cb": health.hear})
    return bind(client, lambda admin: _told(admin, health, _check(admin, rights)))


def _told(client: AdminClient, health: Health, checked: Result[None, LogError]) -> Result[None, LogError]:
    """`checked`; or, where there was no answer, what only people can mend of why."""
    if isinstance(checked, Ok) or checked.error.fatal:
        return checked
    client.poll(0)
    wrong = health.note([])
    return checked if wrong is None else Err(wrong)


class _Knows(Protocol):
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any: ...


def counted(client: _Knows, topics: Iterable[str], timeout: float) -> Result[int, LogError]:
    """How many partitions each of `topics` has; a fatal error if they differ or one is not there."""
    known = _partitions(client, timeout)
    if isinstance(known, Err):
        return known
    names = sorted(set(topics))
    absent = next((name for name in names if name not in known.value), None)
    return Err(_absent(absent)) if absent else _equal({name: known.value[name] for name in names})


def _partitions(client: _Knows, timeout: float) -> Result[dict[str, int], LogError]:
    """How many partitions each topic has that may be seen."""
    try:
        known = client.list_topics(timeout=timeout).topics
    except KafkaException as exception:
        return Err(fault(cause(exception)))
    return Ok({name: len(topic.partitions) for name, topic in known.items()})


def _check(client: AdminClient, rights: Sequence[Right]) -> Result[None, LogError]:
    wanted = {right.name: right for right in rights if right.kind == "topic"}
    counts = {}
    asked = client.describe_topics(
        TopicCollection(sorted(wanted)), include_authorized_operations=True, request_timeout=ANSWER
    )
    for name, future in asked.items():
        try:
            described = future.result(ANSWER + 1)
        except KafkaException as exception:
            return Err(_unusable(name, cause(exception)))
        except TimeoutError:
            return Err(LogError(f"Kafka does not say whether topic {name} may be used"))
        if lacking := _lacking(wanted[name], described):
            return Err(_forbidden(name, lacking))
        counts[name] = len(described.partitions)
    found = _equal(counts)
    return found if isinstance(found, Err) else Ok(None)


def _create(client: AdminClient, topics: Sequence[Topic]) -> Result[None, LogError]:
    new = [NewTopic(each.name, each.partitions, each.replicas or -1, config=topic_configs(each)) for each in topics]
    for name, future in client.create_topics(new, operation_timeout=PATIENCE).items():
        try:
            future.result(2 * PATIENCE)
        except TimeoutError:
            return Err(LogError(f"topic {name} cannot be made: Kafka does not answer"))
        except KafkaException as exception:
            error = cause(exception)
            if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                return Err(LogError(f"topic {name} cannot be made: {error.str()}", fatal=True))
    return _shown(client, [topic.name for topic in topics])


def _shown(client: AdminClient, names: Sequence[str]) -> Result[None, LogError]:
    """Wait until the broker shows the topics that the controller has made."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        known = _partitions(client, PATIENCE)
        if isinstance(known, Err) or known.value.keys() >= set(names):
            return map_ok(known, lambda _: None)
        time.sleep(0.05)
    return Err(LogError("Kafka does not show the topics that it has made"))


def _equal(counts: dict[str, int]) -> Result[int, LogError]:
    """All topics of a stream have as many partitions, so that a symbol has the same one in each."""
    (first, partitions), *others = counts.items()
    for name, count in others:
        if count != partitions:
            told = f"topic {name} has {count} partitions and {first} has {partitions}"
            return Err(LogError(f"{told}: make them equal, by topics made anew", fatal=True))
    return Ok(partitions)


def _lacking(right: Right, described: TopicDescription) -> list[str]:
    allowed = {operation.name for operation in described.authorized_operations or ()}
    return [operation for operation in right.operations if operation.upper() not in allowed]


def _unusable(name: str, error: KafkaError) -> LogError:
    if error.code() in _MISSING:
        return _absent(name)
    if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        return _forbidden(name, ["Describe"])
    return LogError(f"topic {name}: {fault(error).detail}", fatal=error.fatal())


def _absent(name: str) -> LogError:
    return LogError(f"there is no topic {name}, or it may not be seen: make it, or allow its use", fatal=True)


def _forbidden(name: str, operations: Sequence[str]) -> LogError:
    asked = " and ".join(operations)
    return LogError(f"Kafka's access lists do not allow {asked} on topic {name}: add it for this user", fatal=True)
