"""The producer's journal and ledger on Kafka, made to go together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.log.kafka_coverage import Coverage
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_journal import KafkaJournal
from cryptostream.log.kafka_ledger import KafkaLedger


@dataclass(frozen=True, slots=True)
class KafkaBooks:
    """The journal takes over before the ledger is read, and the ledger is read before anything is published."""

    journal: KafkaJournal
    ledger: KafkaLedger

    def close(self) -> None:
        """Let go of the connections, once nobody uses them any more."""
        self.ledger.close()
        self.journal.close()


def kafka_books(
    stream: str,
    edge: KafkaEdge,
    wanted: Callable[[], Iterable[Series]],
    exchange_offset: Callable[[], Millis] = lambda: 0,
) -> KafkaBooks:
    """The books of one stream, which connect when they are used.

    Parameters
    ----------
    stream
        `<namespace>.<name>`.
    wanted
        The series that are to be produced; asked whenever `gaps` is asked for.
    exchange_offset
        Exchange time less this machine's, in ms.
    """
    coverage = Coverage(stream)
    ledger = KafkaLedger(stream, edge, coverage, wanted, exchange_offset)
    return KafkaBooks(KafkaJournal(stream, edge, coverage), ledger)
