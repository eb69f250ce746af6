"""The ledger on a real Kafka: what a producer knows after a restart, from how few records, and what others tell it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer
from msgspec.structs import replace

from cryptostream.core.codec import ledger
from cryptostream.core.codec.record import ledger_topic
from cryptostream.core.market.gap import BY_CONSUMER, Gap
from cryptostream.core.market.interval import DAY, MINUTE
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogError
from cryptostream.core.result import Err, Ok, Result
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
from tests.support.parts.process import wait_for
from tests.support.stored import BTC_1M, T0, candle, candles, done


def beside_btc(symbol: str) -> bool:
    return partition_of(symbol.encode(), PARTITIONS) == partition_of(b"BTCUSDC", PARTITIONS)


OPENS = [T0 + place * MINUTE for place in range(20)]
MATE = Series(next(f"C{n}USDC" for n in range(99) if beside_btc(f"C{n}USDC")), "1m")
"""A series that shares the partition of `BTC_1M`."""


@pytest.fixture
def stream(kafka: Kafka, unique: Callable[[str], str]) -> Iterator[KafkaStream]:
    with kafka_stream(kafka, unique("ledger")) as stream:
        yield stream


def write(stream: KafkaStream, pairs: list[tuple[bytes, bytes]]) -> None:
    """Records in the ledger that come from elsewhere."""
    producer = Producer({"bootstrap.servers": stream.kafka.bootstrap})
    for key, value in pairs:
        producer.produce(ledger_topic(stream.name), value, key, partition_of(b"BTCUSDC", PARTITIONS))
        producer.poll(0)
    assert producer.flush(20) == 0


def fault(result: Result[Any, LogError]) -> LogError:
    assert isinstance(result, Err), result
    return result.error


def test_what_was_published_after_the_last_checkpoint_is_known_after_a_restart(stream: KafkaStream) -> None:
    books = stream.owner()
    newest = done(books.journal.publish(new_records(stream.name, candles(BTC_1M, OPENS[:5])), []))
    (at,) = newest.values()
    told = checkpoint(BTC_1M, OPENS[0], OPENS[5], topic_offset=at, published=5)
    done(books.journal.publish(new_records(stream.name, candles(BTC_1M, OPENS[5:7])), [told]))
    publish(stream, books, BTC_1M, OPENS[9:12])
    counted = Counted()
    again = stream.owner(counted=counted)
    assert done(again.ledger.progress())[BTC_1M] == told
    assert done(again.ledger.missing(BTC_1M, OPENS[0], OPENS[15])) == ((OPENS[7], OPENS[8]), (OPENS[12], OPENS[14]))
    assert done(again.ledger.bounds(BTC_1M)) == (OPENS[0], OPENS[11])
    entries = 2  # the one that came with the first candle, and the checkpoint
    assert counted.read == [again.ledger.records_read] == [entries + 5]


def test_the_rest_of_an_open_gap_is_missing_until_it_is_closed(stream: KafkaStream) -> None:
    books = stream.owner()
    open_gap = gap(BTC_1M, OPENS[2], OPENS[4], 3)
    publish(stream, books, BTC_1M, [*OPENS[:2], *OPENS[5:8]])
    done(books.journal.publish([], [checkpoint(BTC_1M, OPENS[0], OPENS[8], published=5), open_gap]))
    again = stream.owner()
    assert done(again.ledger.missing(BTC_1M, OPENS[0], OPENS[8])) == ((OPENS[2], OPENS[4]),)
    closed = replace(open_gap, state="closed", cause="exchange_outage", resolved_at=OPENS[9])
    done(again.journal.publish([], [closed]))
    assert done(stream.books().ledger.gaps()) == (closed,)


def test_a_quiet_series_does_not_make_a_restart_read_all_of_its_partition(stream: KafkaStream) -> None:
    """A producer restarted after ten million candles reads fewer than 50,000 records."""
    books = stream.owner(BTC_1M, MATE)
    first = candles(MATE, OPENS[:1])
    done(books.journal.publish(new_records(stream.name, first), [checkpoint(MATE, OPENS[0], OPENS[1])]))
    for part in range(6):
        start = T0 + part * 500 * MINUTE
        opens = [start + place * MINUTE for place in range(500)]
        (at,) = publish(stream, books, BTC_1M, opens).values()
        done(books.journal.publish([], [checkpoint(BTC_1M, T0, opens[-1] + MINUTE, topic_offset=at, published=500)]))
    again = stream.owner(BTC_1M, MATE)
    assert again.ledger.records_read < 1500
    assert done(again.ledger.bounds(MATE)) == (OPENS[0], OPENS[0])
    assert done(again.ledger.missing(BTC_1M, T0, T0 + 3000 * MINUTE)) == ()


def test_a_series_that_is_new_does_not_make_a_restart_read_its_partition(stream: KafkaStream) -> None:
    books = stream.owner()
    (at,) = publish(stream, books, BTC_1M, [T0 + place * MINUTE for place in range(3000)]).values()
    done(books.journal.publish([], [checkpoint(BTC_1M, T0, T0 + 3000 * MINUTE, topic_offset=at)]))
    again = stream.owner(BTC_1M, MATE)
    assert again.ledger.records_read < 10
    publish(stream, again, MATE, OPENS[:3])
    third = stream.owner(BTC_1M, MATE)
    assert done(third.ledger.missing(MATE, OPENS[0], OPENS[5])) == ((OPENS[3], OPENS[4]),)
    assert third.ledger.records_read < 15


def test_candles_whose_ledger_was_lost_are_found_by_reading_all(stream: KafkaStream) -> None:
    publish(stream, stream.owner(), BTC_1M, OPENS[:10])
    stream.kafka.admin.delete_topics(ledger_topic(stream.name))
    stream.kafka.admin.create_topics(ledger_topic(stream.name), partitions=PARTITIONS)
    again = stream.owner()
    assert done(again.ledger.missing(BTC_1M, OPENS[0], OPENS[12])) == ((OPENS[10], OPENS[11]),)


def test_compaction_keeps_the_ledger_small(stream: KafkaStream) -> None:
    """… reads fewer than 50,000 records: here 20,000 checkpoints leave some thousands."""
    entries = (checkpoint(BTC_1M, T0, T0 + number * MINUTE) for number in range(20_000))
    write(stream, [(ledger.key(entry), ledger.encode(entry)) for entry in entries])
    books = stream.books()

    def read() -> int:
        done(books.ledger.gaps())
        return books.ledger.records_read

    wait_for(lambda: read() < 6000, "a small ledger", 30)
    assert done(books.ledger.progress())[BTC_1M].next_open == T0 + 19_999 * MINUTE


def test_a_ledger_of_a_newer_version_ends_it_with_a_remedy(stream: KafkaStream) -> None:
    write(stream, [(b"p|BTCUSDC|1m", b'{"schema":2}')])
    error = fault(stream.books().ledger.gaps())
    assert error.fatal
    assert "newer version" in error.detail
    assert "update it" in error.detail


def test_what_is_no_entry_is_told_and_passed_over(stream: KafkaStream) -> None:
    entry = checkpoint(BTC_1M, T0, OPENS[3])
    write(stream, [(b"p|BTCUSDC|1m", ledger.encode(entry)), (b"p|BTCUSDC|1m", b"{"), (b"hello", b"{}")])
    counted = Counted()
    books = stream.books(counted=counted)
    done(books.ledger.gaps())
    assert done(books.ledger.progress()) == {BTC_1M: entry}
    ignored = [fields["offset"] for event, fields in counted.lines if event == "ledger_record_ignored"]
    assert ignored == [1, 2]


def test_what_consumers_name_is_news_once_and_a_gap_from_then_on(stream: KafkaStream) -> None:
    expired = gap(BTC_1M, OPENS[0], OPENS[1], 2, cause="expired", evidence=BY_CONSUMER)
    before = replace(expired, start=OPENS[8], end=OPENS[9])
    write(stream, [(ledger.key(before), ledger.encode(before))])
    books = stream.books()
    assert done(books.ledger.news()) == ()
    assert done(books.ledger.gaps()) == (before,)
    done(books.journal.take_over())
    done(books.ledger.news())
    done(books.journal.publish([], [gap(BTC_1M, OPENS[5], OPENS[5], 1), checkpoint(BTC_1M, T0, OPENS[3])]))
    write(stream, [(ledger.key(expired), ledger.encode(expired))])
    heard: tuple[Gap, ...] = wait_for(lambda: done(books.ledger.news()), "news")
    assert heard == (expired,)
    assert done(books.ledger.news()) == ()
    all_of_them: tuple[Gap, ...] = done(stream.books().ledger.gaps())
    assert set(all_of_them) == {before, expired, gap(BTC_1M, OPENS[5], OPENS[5], 1)}


def test_topics_that_are_missing_are_named(stream: KafkaStream) -> None:
    error = fault(stream.books(Series("BTCUSDC", "1h")).ledger.gaps())
    assert error.fatal
    assert f"there is no topic {stream.name}.prices-1h" in error.detail


def test_reading_waits_for_a_broker_until_it_is_stopped(stream: KafkaStream) -> None:
    stream.kafka.pause()
    books = stream.books(counted=(counted := Counted()))
    counted.on_wait = stream.stop.set
    assert fault(books.ledger.gaps()).detail.startswith("stopped while Kafka was away")


# ---------------------------------------------------------------- what was published, for audits


def test_audits_see_what_was_published_before_and_after_a_restart_at_its_newest_revision(stream: KafkaStream) -> None:
    books = stream.owner()
    publish(stream, books, BTC_1M, OPENS[:5])
    publish(stream, books, MATE, OPENS[:5])
    done(books.journal.publish(new_records(stream.name, [candle(BTC_1M, OPENS[1], revision=1, close="105.5")]), []))
    again = stream.owner()
    found = done(again.ledger.published(BTC_1M, OPENS[1], OPENS[8]))
    assert (found.open_time.tolist(), found.revision.tolist()) == (OPENS[1:5], [1, 0, 0, 0])
    assert found.close[0] == 105.5
    publish(stream, again, BTC_1M, OPENS[5:9])
    again_revised = [candle(BTC_1M, OPENS[1], revision=2, close="106.5"), candle(BTC_1M, OPENS[6], revision=1)]
    done(again.journal.publish(new_records(stream.name, again_revised), []))
    found = done(again.ledger.published(BTC_1M, OPENS[1], OPENS[8]))
    assert (found.open_time.tolist(), found.revision.tolist()) == (OPENS[1:8], [2, 0, 0, 0, 0, 1, 0])
    assert found.close[0] == 106.5
    earlier = done(again.ledger.published(BTC_1M, OPENS[0], OPENS[2]))
    assert earlier.revision.tolist() == [0, 2]


def test_only_what_was_published_since_the_range_began_is_read(stream: KafkaStream) -> None:
    books = stream.owner()
    publish(stream, books, BTC_1M, OPENS[:5])
    tomorrow = OPENS[5] // DAY * DAY + 10_000 * DAY
    assert len(done(books.ledger.published(BTC_1M, tomorrow, tomorrow + MINUTE))) == 0
    publish(stream, books, BTC_1M, [tomorrow])
    found = done(books.ledger.published(BTC_1M, tomorrow, tomorrow + MINUTE))
    assert found.open_time.tolist() == [tomorrow]


def test_an_audit_is_refused_while_the_broker_is_away(stream: KafkaStream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cryptostream.log.kafka_published.PATIENCE", 1.0)
    books = stream.owner()
    publish(stream, books, BTC_1M, OPENS[:5])
    stream.kafka.pause()
    assert not fault(books.ledger.published(BTC_1M, OPENS[0], OPENS[5])).fatal
    stream.kafka.resume()
    assert books.ledger.news() == Ok(())
    wait_for(lambda: isinstance(books.ledger.published(BTC_1M, OPENS[0], OPENS[5]), Ok), "an answer")


def test_audits_see_what_was_committed_a_moment_ago(stream: KafkaStream) -> None:
    for place in range(5):
        books = stream.owner()
        publish(stream, books, BTC_1M, [OPENS[place]])
        assert len(done(books.ledger.published(BTC_1M, OPENS[0], OPENS[19]))) == place + 1


def test_what_has_no_room_in_memory_is_told_and_left_out(stream: KafkaStream) -> None:
    counted = Counted()
    books = stream.owner(counted=counted)
    books.ledger._published._most = 100
    opens = [T0 + place * MINUTE for place in range(300)]
    publish(stream, books, BTC_1M, opens)
    assert len(done(books.ledger.published(BTC_1M, opens[0], opens[-1]))) == 299
    kept = done(books.ledger.published(BTC_1M, opens[0], opens[-1] + 1)).open_time.tolist()
    assert kept == opens[-len(kept) :]
    assert 50 < len(kept) <= 100
    assert [event for event, _ in counted.lines].count("audit_out_of_memory") == 1


def test_what_was_published_a_moment_ago_is_known_when_the_ledger_is_read_again(stream: KafkaStream) -> None:
    books = stream.owner()
    for place in range(6):
        told = checkpoint(BTC_1M, T0, OPENS[place] + MINUTE, published=place + 1)
        done(books.journal.publish(new_records(stream.name, candles(BTC_1M, [OPENS[place]])), [told]))
        assert len(done(books.ledger.published(BTC_1M, OPENS[0], OPENS[place] + 1))) == place + 1
        done(books.ledger.gaps())
        assert done(books.ledger.progress())[BTC_1M].next_open == told.next_open


def test_an_audit_that_has_much_to_read_goes_on_where_it_was_interrupted(
    stream: KafkaStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = stream.owner()
    opens = [T0 + place * MINUTE for place in range(20_000)]
    publish(stream, books, BTC_1M, opens)
    monkeypatch.setattr("cryptostream.log.kafka_published.PATIENCE", 0.05)
    refused: list[LogError] = []

    def audit() -> int:
        answer = books.ledger.published(BTC_1M, opens[0], opens[-1] + 1)
        if isinstance(answer, Err):
            refused.append(answer.error)
        return len(answer.value) if isinstance(answer, Ok) else 0

    assert wait_for(audit, "an answer") == 20_000
    assert refused
    assert not any(error.fatal for error in refused)
