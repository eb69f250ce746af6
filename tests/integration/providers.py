"""Who provides each port on real servers: a line here, and an implementation joins the contract tests of its port.

The suites are those of `tests/contract`; `test_contract_*.py` beside this runs them again.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptostream.core.ports import CandleStore
from tests.contract.providers import Books, Letters, Log
from tests.support.influx_stream import influx_store
from tests.support.kafka_books import restarted_books
from tests.support.kafka_log import kafka_letters, kafka_log
from tests.support.parts.influx import Influx
from tests.support.parts.kafka import Kafka


@dataclass(frozen=True)
class Parts:
    """The servers of the test run, each started when it is first asked for, and a folder of the test's own."""

    fixture: Callable[[str], Any]
    directory: Path

    @property
    def kafka(self) -> Kafka:
        kafka: Kafka = self.fixture("kafka")
        return kafka

    @property
    def influx(self) -> Influx:
        influx: Influx = self.fixture("influx")
        return influx

    def unique(self, name: str) -> str:
        """A name that begins with `name` and is nobody else's."""
        made: str = self.fixture("unique")(name)
        return made


LOGS: dict[str, Callable[[Parts], AbstractContextManager[Log]]] = {
    "kafka": lambda parts: kafka_log(parts.kafka, parts.unique("log"))
}
STORES: dict[str, Callable[[Parts], AbstractContextManager[CandleStore]]] = {
    "influxdb": lambda parts: influx_store(parts.influx, parts.directory, parts.unique)
}
BOOKS: dict[str, Callable[[Parts], AbstractContextManager[Books]]] = {
    "kafka": lambda parts: restarted_books(parts.kafka, parts.unique("books"))
}
LETTERS: dict[str, Callable[[Parts], AbstractContextManager[Letters]]] = {
    "kafka": lambda parts: kafka_letters(parts.kafka, parts.unique("dead-letter"))
}
