"""What a client of Kafka suffers from: of many errors, the one that is told and what only people can mend."""

from collections import deque
from collections.abc import Iterable

from confluent_kafka import KafkaError

from cryptostream.core.ports import LogError
from cryptostream.log.kafka_faults import fault, passes


class Health:
    """`fault` is what keeps Kafka from answering, None while it answers; it may be read from any thread.

    `hear` is librdkafka's `error_cb`.
    """

    def __init__(self) -> None:
        self._heard: deque[KafkaError] = deque(maxlen=16)
        self.fault: str | None = None
        self.hear = self._heard.append

    def well(self) -> None:
        """Kafka has answered."""
        self.fault = None

    def note(self, errors: Iterable[KafkaError]) -> LogError | None:
        """Take in `errors` and what was heard meanwhile; returns the first that does not pass by itself."""
        found = [*errors, *(self._heard.popleft() for _ in range(len(self._heard)))]
        if found:
            self.fault = found[-1].str()
        faults = [fault(error) for error in found if not passes(error)]
        return next((each for each in faults if not each.lost), None)
