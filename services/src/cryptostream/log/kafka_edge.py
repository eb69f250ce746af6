"""What the producer's side of Kafka is given of the world, and how it waits while a broker is away.

Stands below the journal and the ledger; decides nothing about records.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Final, Literal, Protocol

from cryptostream.core.ports import LogError
from cryptostream.log.kafka_settings import KafkaSettings

Outcome = Literal["committed", "aborted", "failed"]
"""How a transaction ended; of one that failed, the next owner finds out whether it was committed."""

FIRST: Final = 0.05
MOST: Final = 1.0
STOPPED: Final = LogError("stopped while Kafka was away; what was not committed, the next start publishes", fatal=True)


class Tell(Protocol):
    """Where it is said what happened; the services' log is one."""

    def info(self, event: str, **fields: object) -> None: ...
    def warning(self, event: str, **fields: object) -> None: ...


class JournalObserver(Protocol):
    """Counts what happened, as a part of the process's metrics."""

    def transaction(self, outcome: Outcome, seconds: float) -> None:
        """A transaction ended after so long."""

    def ledger_read(self, records: int, seconds: float) -> None:
        """The ledger and what follows its checkpoints was read: so many records, in so long."""


class Unobserved:
    """Tells and counts nothing."""

    def info(self, event: str, **fields: object) -> None: ...
    def warning(self, event: str, **fields: object) -> None: ...
    def transaction(self, outcome: Outcome, seconds: float) -> None: ...
    def ledger_read(self, records: int, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class KafkaEdge:
    """Where Kafka is, what ends every wait, whom to tell, and numbers in [0, 1) that spread repetitions."""

    settings: KafkaSettings
    stop: Event = field(default_factory=Event)
    tell: Tell = field(default_factory=Unobserved)
    observer: JournalObserver = field(default_factory=Unobserved)
    jitter: Callable[[], float] = random.random

    def wait(self, what: str, attempt: int, detail: str) -> LogError | None:
        """Wait before repetition number `attempt` (from 0) of `what`; `STOPPED` if there is to be none."""
        self.tell.warning("kafka_waits", what=what, attempt=attempt, detail=detail)
        seconds = min(MOST, FIRST * 2.0 ** min(attempt, 16)) * (1 - self.jitter() / 2)
        return STOPPED if self.stop.wait(seconds) else None
