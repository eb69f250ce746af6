"""What a consumer learns of the whole ledger, from a real Kafka."""

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AclOperation, ResourceType
from msgspec.structs import replace

from cryptostream.core.codec import ledger
from cryptostream.core.codec.ledger import Entry
from cryptostream.core.codec.record import ledger_topic
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import MINUTE
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.ports import NewRecord
from cryptostream.core.result import Ok
from cryptostream.log.kafka_book import KafkaBook
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_settings import KafkaSettings, Scram
from cryptostream.log.kafka_writer import KafkaWriter
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import wait_for

SERIES = tuple(Series(f"{coin}USDC", "1m") for coin in ("BTC", "ETH", "SOL", "XRP"))


def progress(series: Series, candles: int) -> Progress:
    return Progress(
        series=series,
        start=0,
        next_open=candles * MINUTE,
        last_trade_id=None,
        published=candles,
        duplicates_dropped=0,
        topic_offset=None,
        generation=1,
        at=1,
    )


GAP = Gap(series=SERIES[0], start=0, end=0, candles=1, cause="before_listing", state="closed", detected_at=0)


@pytest.fixture
def stream(kafka: Kafka, unique: Callable[[str], str]) -> str:
    name = unique("tests.book")
    kafka.admin.create_topics(ledger_topic(name), partitions=3, config={"cleanup.policy": "compact"})
    return name


@pytest.fixture
def enter(kafka: Kafka, stream: str) -> Callable[..., None]:
    """Writes entries, as a producer would."""
    writer = KafkaWriter(KafkaSettings(kafka.bootstrap))

    def enter(*entries: Entry) -> None:
        for each in entries:
            record = NewRecord(ledger_topic(stream), ledger.key(each), ledger.encode(each))
            assert writer.publish([record]) == Ok(None)

    return enter


def said(book: KafkaBook) -> list[Entry]:
    answer = book.entries()
    assert isinstance(answer, Ok), answer
    return list(answer.value)


def test_everything_is_told_once_at_its_newest_and_then_what_is_new(
    kafka: Kafka, stream: str, enter: Callable[..., None]
) -> None:
    enter(*(progress(series, 1) for series in SERIES), GAP)
    enter(progress(SERIES[0], 2))
    book = KafkaBook(stream, KafkaEdge(KafkaSettings(kafka.bootstrap)))
    try:
        first = said(book)
        assert set(first) == {progress(SERIES[0], 2), *(progress(series, 1) for series in SERIES[1:]), GAP}
        assert len(first) == 5
        assert said(book) == []
        closed = replace(GAP, candles=2, end=MINUTE)
        enter(progress(SERIES[1], 2), closed)
        heard: list[Entry] = []

        def both() -> bool:
            heard.extend(said(book))
            return len(heard) == 2

        wait_for(both, "what is new", 20)
        assert set(heard) == {progress(SERIES[1], 2), closed}
    finally:
        book.close()


def test_the_rights_to_read_the_ledger_are_enough_and_no_group_is_needed(
    kafka: Kafka, stream: str, enter: Callable[..., None], tmp_path: Path
) -> None:
    enter(progress(SERIES[0], 1))
    (tmp_path / "user").write_text(stream)
    (tmp_path / "password").write_text("of-no-importance")
    kafka.admin.add_user(stream, "of-no-importance")
    kafka.admin.allow(f"User:{stream}", ResourceType.TOPIC, ledger_topic(stream), AclOperation.READ)
    settings = KafkaSettings(
        kafka.scram_bootstrap, Scram(tmp_path / "user", tmp_path / "password"), kafka.authority.cert
    )
    book = KafkaBook(stream, KafkaEdge(settings))
    try:
        assert said(book) == [progress(SERIES[0], 1)]
        enter(progress(SERIES[0], 2))
        wait_for(lambda: said(book) == [progress(SERIES[0], 2)], "what is new", 20)
    finally:
        book.close()
