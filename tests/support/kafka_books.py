"""The contract's books on a real Kafka: a journal that goes on, and ledgers that begin anew."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from cryptostream.core.market.candle import ValidatedCandle
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Ledger
from tests.contract.providers import Books
from tests.support.kafka_stream import KafkaStream, kafka_stream, new_records
from tests.support.parts.kafka import Kafka
from tests.support.stored import BTC_1M, done


class Restarted:
    """A ledger as each question finds it right after a restart."""

    def __init__(self, stream: KafkaStream) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream.books(Series("BTCUSDC", "1M"), BTC_1M).ledger, name)


@contextmanager
def restarted_books(kafka: Kafka, name: str) -> Iterator[Books]:
    """A journal that goes on, and ledgers that are read anew for each question."""
    with kafka_stream(kafka, name, ["1m", "1M", "1h"]) as stream:
        books = stream.owner()

        def publish_all(made: Sequence[ValidatedCandle]) -> None:
            done(books.journal.publish(new_records(name, made), []))

        yield Books(books.journal, cast("Ledger", Restarted(stream)), publish_all)
