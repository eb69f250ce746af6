"""A stream's topics on a real Kafka, and the books of its producers, one owner after another."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

import msgspec
from msgspec.structs import replace

from cryptostream.core.codec import record as codec
from cryptostream.core.codec.record import dead_letter_topic, ledger_topic, topic
from cryptostream.core.market.candle import CandleRecord, ValidatedCandle
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Newest, NewRecord
from cryptostream.core.result import Ok
from cryptostream.log.kafka_admin import LEDGER
from cryptostream.log.kafka_books import KafkaBooks, kafka_books
from cryptostream.log.kafka_edge import KafkaEdge, Outcome
from cryptostream.log.kafka_settings import KafkaSettings
from tests.support.parts.kafka import Kafka
from tests.support.stored import BTC_1M, candles, done

PARTITIONS = 3


@dataclass
class Counted:
    """What an observer and a log were told; `on_wait` is called before each repetition."""

    on_wait: Callable[[], object] = bool
    outcomes: list[Outcome] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    lines: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def info(self, event: str, **fields: object) -> None:
        self.lines.append((event, fields))

    def warning(self, event: str, **fields: object) -> None:
        self.lines.append((event, fields))
        if event == "kafka_waits":
            self.on_wait()

    def transaction(self, outcome: Outcome, seconds: float) -> None:  # noqa: ARG002 - part of the protocol
        self.outcomes.append(outcome)

    def ledger_read(self, records: int, seconds: float) -> None:  # noqa: ARG002 - part of the protocol
        self.read.append(records)


class KafkaStream:
    """The topics of a stream with these intervals. Everything that was opened is closed with it."""

    def __init__(self, kafka: Kafka, name: str, intervals: Sequence[str] = ("1m",)) -> None:
        self.kafka = kafka
        self.name = name
        self.topics = [topic(name, interval) for interval in intervals]
        self.stop = Event()
        self._opened: list[KafkaBooks] = []
        kafka.admin.create_topics(*self.topics, dead_letter_topic(name), partitions=PARTITIONS)
        kafka.admin.create_topics(ledger_topic(name), partitions=PARTITIONS, config=LEDGER)

    def books(
        self, *wanted: Series, counted: Counted | None = None, settings: KafkaSettings | None = None
    ) -> KafkaBooks:
        """Books that have taken nothing over yet."""
        told = counted or Counted()
        edge = KafkaEdge(settings or KafkaSettings(self.kafka.bootstrap), self.stop, told, told)
        books = kafka_books(self.name, edge, lambda: wanted or (BTC_1M,))
        self._opened.append(books)
        return books

    def owner(
        self, *wanted: Series, counted: Counted | None = None, settings: KafkaSettings | None = None
    ) -> KafkaBooks:
        """Books that have taken over and read the ledger."""
        books = self.books(*wanted, counted=counted, settings=settings)
        assert books.journal.take_over() == Ok(None)
        done(books.ledger.gaps())
        return books

    def records(self, *, committed: bool = True) -> list[CandleRecord]:
        """All candles, partition by partition."""
        return [
            msgspec.json.decode(message.value() or b"", type=CandleRecord)
            for name in self.topics
            for message in self.kafka.admin.read(name, committed=committed)
        ]

    def close(self) -> None:
        for books in self._opened:
            books.close()


@contextmanager
def kafka_stream(kafka: Kafka, name: str, intervals: Sequence[str] = ("1m",)) -> Iterator[KafkaStream]:
    stream = KafkaStream(kafka, name, intervals)
    yield stream
    stream.close()


def new_records(stream: str, made: Iterable[ValidatedCandle]) -> list[NewRecord]:
    """Candles as a producer publishes them."""
    return [
        NewRecord(
            topic(stream, each.record.interval),
            each.record.symbol.encode(),
            codec.encode(each.record),
            codec.headers(each.record),
        )
        for each in made
    ]


def publish(stream: KafkaStream, books: KafkaBooks, series: Series, opens: Iterable[Millis]) -> Newest:
    """Candles of a series at these open times, without entries."""
    return done(books.journal.publish(new_records(stream.name, candles(series, opens)), []))


def checkpoint(series: Series, start: Millis, next_open: Millis, **changes: object) -> Progress:
    """A checkpoint that all of [start, next_open) is published."""
    entry = Progress(
        series=series,
        start=start,
        next_open=next_open,
        last_trade_id=None,
        published=1,
        duplicates_dropped=0,
        topic_offset=None,
        generation=1,
        at=next_open * 1000,
    )
    return replace(entry, **changes)


def gap(series: Series, start: Millis, end: Millis, candles: int, **changes: object) -> Gap:
    """An open gap."""
    entry = Gap(series=series, start=start, end=end, candles=candles, cause="pending", state="open", detected_at=end)
    return replace(entry, **changes)
