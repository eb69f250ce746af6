"""What a stream's topics say of its past, message by message."""

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Message

from cryptostream.core.codec import ledger
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Place
from cryptostream.log.kafka_edge import Unobserved
from cryptostream.log.kafka_past import Entries, Tail
from tests.support.kafka_stream import Counted, checkpoint, gap, new_records
from tests.support.stored import BTC_1M, MINUTE, T0, candles

TOPIC = "market.majors.prices-1m"
PLACE: Place = (TOPIC, 2)
ETH_1M = Series("ETHUSDC", "1m")


def message(key: bytes | None, value: bytes | None, offset: int = 0, topic: str = TOPIC) -> Message:
    return Message(topic=topic, partition=2, offset=offset, key=key, value=value)


def entries(*messages: Message, told: Counted | None = None) -> Entries:
    found = Entries(told or Counted())
    for each in messages:
        found.take(each)
    return found


def tail(progress: dict[Series, int | None], *wanted: Series, lost: bool = False) -> Tail:
    known = {
        series: checkpoint(series, T0, T0, topic_offset=None if offset is None else (2, offset))
        for series, offset in progress.items()
    }
    return Tail(dict.fromkeys(wanted, PLACE), known, Unobserved(), lost=lost)


def candle_at(series: Series, place: int, offset: int) -> Message:
    (record,) = new_records("market.majors", candles(series, [T0 + place * MINUTE]))
    return message(record.key, record.value, offset)


def test_the_newest_entry_of_a_key_stands_and_a_tombstone_ends_it() -> None:
    hole, other = gap(BTC_1M, T0, T0, 1), gap(BTC_1M, T0 + MINUTE, T0 + MINUTE, 1)
    older, newer = checkpoint(BTC_1M, T0, T0), checkpoint(BTC_1M, T0, T0 + MINUTE)
    read = [*(message(ledger.key(each), ledger.encode(each)) for each in (older, hole, other, newer))]
    found = entries(*read, message(ledger.key(hole), None))
    assert (found.progress, list(found.gaps.values()), found.count) == ({BTC_1M: newer}, [other], 5)
    assert not found.empty
    assert entries().empty


def test_a_malformed_record_is_told_with_its_place_and_a_newer_one_is_the_end() -> None:
    told = Counted()
    found = entries(message(b"p|BTCUSDC|1m", b"{", 7), message(None, b"{}", 8), told=told)
    assert [fields["offset"] for _, fields in told.lines] == [7, 8]
    assert found.newer is None
    newer = entries(message(b"p|BTCUSDC|1m", b'{"schema":2}', 9)).newer
    assert newer is not None
    assert newer.fatal
    assert "'offset': 9" in newer.detail


def test_a_partition_is_read_from_the_earliest_of_its_series() -> None:
    assert tail({BTC_1M: 50, ETH_1M: 9}, BTC_1M, ETH_1M).starts == {PLACE: 10}
    assert tail({BTC_1M: 50}, BTC_1M, ETH_1M).starts == {PLACE: 51}
    assert tail({BTC_1M: 50, ETH_1M: 9}, BTC_1M).starts == {PLACE: 51}


def test_a_series_without_a_place_in_the_log_is_read_from_the_beginning() -> None:
    assert tail({BTC_1M: 50, ETH_1M: None}, BTC_1M, ETH_1M).starts == {PLACE: OFFSET_BEGINNING}


def test_a_checkpoint_of_another_partition_says_nothing() -> None:
    moved = {BTC_1M: checkpoint(BTC_1M, T0, T0, topic_offset=(1, 50))}
    assert Tail({BTC_1M: PLACE}, moved, Unobserved(), lost=False).starts == {PLACE: OFFSET_BEGINNING}


def test_a_series_that_is_not_in_the_ledger_has_nothing_unless_the_ledger_is_lost() -> None:
    assert tail({}, BTC_1M).starts == {PLACE: OFFSET_END}
    assert tail({}, BTC_1M, lost=True).starts == {PLACE: OFFSET_BEGINNING}


def test_each_series_counts_from_its_own_offset() -> None:
    found = tail({BTC_1M: 5, ETH_1M: 2}, BTC_1M, ETH_1M)
    for each in (
        candle_at(ETH_1M, 1, 3),
        candle_at(BTC_1M, 1, 4),
        candle_at(BTC_1M, 3, 6),
        candle_at(BTC_1M, 2, 7),
        candle_at(BTC_1M, 3, 8),
        candle_at(Series("XRPUSDC", "1m"), 3, 9),
    ):
        found.take(each)
    assert found.opens(BTC_1M).tolist() == [T0 + 2 * MINUTE, T0 + 3 * MINUTE]
    assert found.opens(ETH_1M).tolist() == [T0 + MINUTE]
    assert found.opens(Series("XRPUSDC", "1m")).tolist() == []
    assert (set(found.series), found.count) == ({BTC_1M, ETH_1M}, 6)


def test_what_is_no_candle_is_told() -> None:
    told = Counted()
    found = Tail({BTC_1M: PLACE}, {}, told, lost=True)
    found.take(message(b"BTCUSDC", b"{", 3))
    found.take(message(b"BTCUSDC", None, 4))
    assert [fields["offset"] for _, fields in told.lines] == [3, 4]
    assert found.opens(BTC_1M).tolist() == []
