"""What comes out of a consumer's queue: messages, and callbacks, which are made while it is polled.

Who polls for a callback may be given a message. It is kept for the next `take`, or dropped when what it was fetched for
has ended: then it is fetched again.
"""

from collections.abc import Sequence

from confluent_kafka import Consumer, Message

from cryptostream.core.ports import Place
from cryptostream.log.kafka_records import ends, record_of


class Inflow:
    """Used from one thread. `shaken` says that the group spoke since the last `take` began.

    `ahead` has, by partition, the offset after messages that librdkafka has given and the caller perhaps not: until he
    was given them, its position says too much.
    """

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._early: list[Message] = []
        self.shaken = False
        self.ahead: dict[Place, int] = {}

    def take(self, limit: int, timeout: float) -> Sequence[Message]:
        """What is there, or the first message that comes and what came with it; none if the group spoke meanwhile."""
        self.shaken = False
        messages = self._there(limit) or self._first(limit, timeout)
        if self.shaken:
            self.hold_back(messages)
            return [message for message in messages if message.error()]
        return messages

    def listen(self, timeout: float) -> bool:
        """Have callbacks made; whether a message came instead, which is kept."""
        message = self._consumer.poll(timeout)
        if message is not None:
            self._early.append(message)
            self.hold_back([message])
        return message is not None

    def end(self) -> None:
        """What was fetched will be fetched again, or is another's."""
        self.shaken = True
        self._early = []

    def _there(self, limit: int) -> list[Message]:
        early, self._early = self._early[:limit], self._early[limit:]
        more = self._more(limit - len(early))
        return [*early, *more] if early else more

    def _first(self, limit: int, timeout: float) -> list[Message]:
        """`consume` would wait until there are as many as it may give."""
        first = self._consumer.poll(timeout)
        return [] if first is None else [first, *self._more(limit - 1)]

    def _more(self, most: int) -> list[Message]:
        return self._consumer.consume(most, 0) if most else []

    def hold_back(self, messages: Sequence[Message]) -> None:
        """Note that the caller is not given `messages`, or not yet."""
        for place, end in ends([record_of(message) for message in messages if message.error() is None]).items():
            self.ahead[place] = max(end, self.ahead.get(place, 0))
