"""Waits until the topics of a stream are there and may be used: the one who makes them may be later, or at fault."""

from collections.abc import Sequence
from threading import Event

from confluent_kafka.admin import AdminClient

from cryptostream.core.ports import LogError
from cryptostream.core.resource.rights import Right
from cryptostream.core.result import Ok, Result, map_ok
from cryptostream.log.kafka_admin import check
from cryptostream.log.kafka_settings import KafkaSettings, connect
from cryptostream.observe.logs import Log

AGAIN_SECONDS = 1.0


class Usable:
    """`fault` says what is waited for; None once nothing is."""

    def __init__(self, settings: KafkaSettings, rights: Sequence[Right], log: Log) -> None:
        self._settings = settings
        self._rights = rights
        self._log = log
        self.fault: str | None = "Kafka was not asked yet"

    @classmethod
    def open(cls, settings: KafkaSettings, rights: Sequence[Right], log: Log) -> Result["Usable", LogError]:
        """`Err` where no client can be made of the settings: a certificate is none, a property is refused."""
        return map_ok(connect(AdminClient, settings, {}), lambda _: cls(settings, rights, log))

    def wait(self, ending: Event) -> None:
        """Wait for a broker that lets this process in, and for topics that it may use as it has to."""
        while not ending.is_set():
            checked = check(self._settings, self._rights)
            if isinstance(checked, Ok):
                self.fault = None
                return
            if checked.error.detail != self.fault:
                self._log.warning("kafka_not_usable", detail=checked.error.detail)
            self.fault = checked.error.detail
            ending.wait(AGAIN_SECONDS)
