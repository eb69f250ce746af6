"""Asks Kafka now and then whether it is there: a producer of long intervals has nothing else to learn it from."""

import threading

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cryptostream.core.result import Err
from cryptostream.log.kafka_faults import cause, fault
from cryptostream.log.kafka_settings import CredentialWatch, KafkaSettings, connect

EVERY_SECONDS = 5.0
ANSWER_SECONDS = 3.0


class Ping:
    """`fault` is why the last question had no answer, None if it had one; may be read from any thread."""

    def __init__(self, settings: KafkaSettings, topic: str, every: float = EVERY_SECONDS) -> None:
        self._settings = settings
        self._topic = topic
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, name="ping", daemon=True)
        self.fault: str | None = None

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ask no more; a question that is open is left to itself."""
        self._stop.set()

    def _ask_on(self) -> None:
        client = connect(AdminClient, self._settings, {"log_level": 0, "error_cb": lambda _: None})
        if isinstance(client, Err):
            self.fault = client.error.detail
            return
        watch = CredentialWatch(self._settings)
        while not self._stop.wait(self._every):
            watch.look(client.value)
            self.fault = self._asked(client.value)

    def _asked(self, client: AdminClient) -> str | None:
        try:
            answer = client.list_topics(self._topic, timeout=ANSWER_SECONDS)
        except KafkaException as exception:
            return fault(cause(exception)).detail
        error = answer.topics[self._topic].error
        return None if error is None else fault(error).detail
