"""Commits of offsets: sent one at a time, and waited for some seconds.

librdkafka's own synchronous commit waits for ever while there is no broker, and keeps all other calls waiting.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from cryptostream.core.ports import Place
from cryptostream.core.result import Err, Ok, Result
from cryptostream.log.kafka_faults import cause
from cryptostream.log.kafka_holdings import Mark
from cryptostream.log.kafka_inflow import Inflow
from cryptostream.log.kafka_offsets import PATIENCE, first_error, offset

_SILENCE: Final = KafkaError(KafkaError.REQUEST_TIMED_OUT, "the broker does not answer a commit", retriable=True)
_LISTEN: Final = 0.02
_PAUSE: Final = 0.0005


class Commits:
    """Used from one thread. `answered` is librdkafka's `on_commit`, which is called while `inflow` is polled."""

    def __init__(self) -> None:
        self._open = False
        self._answer: Result[None, KafkaError] = Ok(None)

    def answered(self, error: KafkaError | None, offsets: Sequence[TopicPartition]) -> None:
        """The broker has answered what is open, or librdkafka gave it up."""
        wrong = error or first_error(offsets)
        self._open = False
        self._answer = Err(wrong) if wrong else Ok(None)

    def send(self, consumer: Consumer, inflow: Inflow, marks: Mapping[Place, Mark]) -> Result[None, KafkaError]:
        """Commit `marks` in the name of the current membership; `Ok` says that the broker has taken them all.

        What is not answered in time stays open, and nothing else is sent until it is: so commits keep their order.
        """
        if not self._awaited(inflow):
            return Err(_SILENCE)
        try:
            consumer.commit(offsets=[offset(place, mark) for place, mark in marks.items()], asynchronous=True)
        except KafkaException as exception:
            return Err(cause(exception))
        self._open = True
        return self._answer if self._awaited(inflow) else Err(_SILENCE)

    def _awaited(self, inflow: Inflow) -> bool:
        """Messages are given before the answer comes: while there are some, they are not asked for all the time."""
        until, pause = time.monotonic() + PATIENCE, _PAUSE
        while self._open and time.monotonic() < until:
            if inflow.listen(_LISTEN):
                time.sleep(pause)
                pause = min(2 * pause, _LISTEN)
        return not self._open
