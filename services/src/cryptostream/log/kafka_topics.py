"""Which topic it is that bears a name: one that was deleted and made again has another id.

Offsets alone do not show it. A log that was made anew and is already longer than what was read of the old one would be
read on in its middle.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from math import inf
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from cryptostream.core.result import Err, Ok, Result
from cryptostream.log.kafka_faults import cause

EVERY: Final = 5.0
"""Seconds between two questions while topics are read."""
PATIENCE: Final = 4.0


class TopicIds:
    """Asks for ids; used from one thread."""

    def __init__(self, admin: AdminClient, now: Callable[[], float]) -> None:
        self._admin = admin
        self._now = now
        self._asked: dict[str, Future[Any]] = {}
        self._asked_at = -inf

    def of(self, topics: Iterable[str]) -> Result[dict[str, str], KafkaError]:
        """The id of each of `topics`; blocks."""
        found = {}
        for name, future in self._ask(topics).items():
            try:
                found[name] = str(future.result(PATIENCE).topic_id)
            except KafkaException as exception:
                return Err(cause(exception))
            except TimeoutError:
                return Err(KafkaError(KafkaError.REQUEST_TIMED_OUT, "no answer as to which topics there are"))
        return Ok(found)

    def news(self, topics: Iterable[str]) -> Mapping[str, str]:
        """Ids that have been answered since the last call, of topics that are there; does not block."""
        if not self._asked and self._now() - self._asked_at >= EVERY:
            self._asked_at = self._now()
            self._asked = self._ask(topics)
        if not all(future.done() for future in self._asked.values()):
            return {}
        answered, self._asked = self._asked, {}
        return {name: str(each.result().topic_id) for name, each in answered.items() if each.exception() is None}

    def _ask(self, topics: Iterable[str]) -> dict[str, Future[Any]]:
        names = sorted(set(topics))
        return self._admin.describe_topics(TopicCollection(names), request_timeout=PATIENCE) if names else {}
