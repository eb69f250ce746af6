"""The journal on a real Kafka: one transaction a call, one owner at a time, each candle once whatever happens."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from cryptostream.core.codec import ledger
from cryptostream.core.codec.ledger import Entry
from cryptostream.core.codec.record import ledger_topic
from cryptostream.core.market.interval import HOUR, MINUTE
from cryptostream.core.market.series import Series
from cryptostream.core.result import Err
from cryptostream.log.kafka_journal import EARLY
from cryptostream.log.kafka_transactions import FENCED
from cryptostream.log.partition import partition_of
from tests.support.kafka_stream import (
    PARTITIONS,
    Counted,
    KafkaStream,
    checkpoint,
    gap,
    kafka_stream,
    new_records,
    publish,
)
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import spawn, wait_for
from tests.support.publishing_child import missing
from tests.support.stored import BTC_1M, T0, candles, done

OPENS = [T0 + place * MINUTE for place in range(10)]
FAR = T0 + 10_000 * HOUR


@pytest.fixture
def stream(kafka: Kafka, unique: Callable[[str], str]) -> Iterator[KafkaStream]:
    with kafka_stream(kafka, unique("journal"), ["1m", "1h"]) as stream:
        yield stream


def open_times(stream: KafkaStream) -> list[int]:
    return [record.open_time for record in stream.records()]


def test_candles_and_entries_are_committed_together_and_found_where_consumers_look(stream: KafkaStream) -> None:
    books, began = stream.owner(), time.time()
    entries: list[Entry] = [gap(BTC_1M, OPENS[3], OPENS[4], 2), checkpoint(BTC_1M, OPENS[0], OPENS[3])]
    newest = done(books.journal.publish(new_records(stream.name, candles(BTC_1M, OPENS[:3])), entries))
    read = stream.kafka.admin.read(stream.topics[0])
    partition = partition_of(b"BTCUSDC", PARTITIONS)
    assert [(each.key(), each.partition()) for each in read] == [(b"BTCUSDC", partition)] * 3
    assert newest == {(stream.topics[0], b"BTCUSDC"): (partition, read[-1].offset())}
    assert read[0].headers() == [("schema", b"1"), ("lane", b"live")]
    published = [each.timestamp()[1] / 1000 for each in read]
    assert began - 0.001 <= min(published) <= max(published) <= time.time(), (began, published)
    kept = stream.kafka.admin.read(ledger_topic(stream.name))
    assert {each.partition() for each in kept} == {partition}
    assert [ledger.key(entry) for entry in entries] == [each.key() for each in kept[-2:]]


def test_nothing_is_published_before_the_past_is_known(stream: KafkaStream) -> None:
    books = stream.books()
    records = new_records(stream.name, candles(BTC_1M, OPENS))
    assert books.journal.publish(records, []) == Err(EARLY)
    done(books.journal.take_over())
    assert books.journal.publish(records, []) == Err(EARLY)
    assert stream.records() == []


def test_large_publishes_are_several_short_transactions_in_order_with_the_entries_last(stream: KafkaStream) -> None:
    counted = Counted()
    books = stream.owner(counted=counted)
    opens = [T0 + place * MINUTE for place in range(5000)]
    done(books.journal.publish(new_records(stream.name, candles(BTC_1M, opens)), [checkpoint(BTC_1M, T0, opens[-1])]))
    assert counted.outcomes == ["committed"] * 3
    assert open_times(stream) == opens
    last = stream.kafka.admin.read(ledger_topic(stream.name))[-1]
    assert (last.key(), b'"published":1' in (last.value() or b"")) == (b"p|BTCUSDC|1m", True)


def test_a_second_owner_fences_the_first_which_never_writes_again(stream: KafkaStream) -> None:
    first = stream.owner()
    publish(stream, first, BTC_1M, OPENS[:2])
    second = stream.owner()
    for _ in range(3):
        assert first.journal.publish(new_records(stream.name, candles(BTC_1M, OPENS[2:4])), []) == Err(FENCED)
    publish(stream, second, BTC_1M, OPENS[2:])
    assert open_times(stream) == OPENS
    assert first.journal.publish([], [gap(BTC_1M, OPENS[0], OPENS[0], 1)]) == Err(FENCED)
    assert done(second.ledger.gaps()) == ()


def test_a_record_that_is_too_large_is_refused_by_name(stream: KafkaStream) -> None:
    books = stream.owner()
    (record,) = new_records(stream.name, candles(BTC_1M, [T0]))
    refused = books.journal.publish([replace(record, value=record.value + b" " * 2_000_000)], [])
    assert isinstance(refused, Err)
    assert refused.error.fatal
    assert "max.message.bytes" in refused.error.detail


def test_each_candle_is_there_once_however_often_its_producer_is_killed(stream: KafkaStream, tmp_path: Path) -> None:
    """A `read_committed` reader … sees each (candle, revision) once."""
    for seed in range(3):
        told = tmp_path / f"{seed}.log"
        arguments = [stream.kafka.bootstrap, stream.name, str(T0), str(FAR), str(seed)]
        child = spawn([sys.executable, "-m", "tests.support.publishing_child", *arguments], told)
        wait_for(lambda told=told: "ready" in told.read_text(), "a child that publishes")  # type: ignore[misc]
        time.sleep(0.1 + seed * 0.17)
        assert child.poll() is None, told.read_text()
        child.kill()
        child.wait()
    books = stream.owner()
    found = open_times(stream)
    assert found == [T0 + place * MINUTE for place in range(len(found))]
    assert missing(books, T0, found[-1] + 5 * MINUTE) == [found[-1] + place * MINUTE for place in range(1, 5)]
    assert done(books.ledger.bounds(BTC_1M)) == (T0, found[-1])


def test_series_have_their_own_topics_and_entries(stream: KafkaStream) -> None:
    books, hourly = stream.owner(BTC_1M, Series("BTCUSDC", "1h")), Series("BTCUSDC", "1h")
    done(books.journal.publish(new_records(stream.name, candles(hourly, [T0 // HOUR * HOUR])), []))
    publish(stream, books, BTC_1M, OPENS)
    again = stream.owner(BTC_1M, hourly)
    assert done(again.ledger.bounds(hourly)) == (T0 // HOUR * HOUR, T0 // HOUR * HOUR)
    assert done(again.ledger.bounds(BTC_1M)) == (OPENS[0], OPENS[-1])
