import msgspec
import pytest

from cryptostream.core.market.reject import Reason
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DirtyRange, LogRecord
from cryptostream.core.resource.spec import IndicatorSpec
from cryptostream.core.stream.consumer_state import Counts
from tests.support.builders import record
from tests.support.consumer_world import (
    SMA,
    START,
    World,
    candle,
    in_bulk,
    log_record,
    published,
    small_config,
)
from tests.support.model_store import ModelStore, rows_of

BTC = Series("BTCUSDC", "1m")
BTC_5M = Series("BTCUSDC", "5m")
MINUTE = 60_000
CARRIED = IndicatorSpec("slow", "SMA", (("timeperiod", 2),), with_interval="5m")


def world(*intervals: str, specs: tuple[IndicatorSpec, ...] = (SMA,), reject: bool = False) -> tuple[World, ModelStore]:
    store = ModelStore()
    return World(small_config(intervals or ("1m",), specs, reject=reject), store), store


def minutes(first: int, end: int, series: Series = BTC) -> list[LogRecord]:
    return [published(candle(series, number)) for number in range(first, end)]


def dirty(series: Series, first: int, last: int) -> DirtyRange:
    return DirtyRange(series, START + first * MINUTE, START + last * MINUTE)


# ---------------------------------------------------------------- order, duplicates, revisions


def test_candles_in_order_need_no_look_into_the_store() -> None:
    w, store = world()
    for first in range(0, 400, 20):
        w.take(*minutes(first, first + 20))
    assert len(store.candles[BTC]) == 400
    assert not store.loads
    assert not store.ranges


def test_a_stream_without_indicators_has_candles_alone() -> None:
    """… exactly one raw point, and where indicators are declared one enriched point"""
    w, store = world("1m", "5m", specs=())
    w.take(*minutes(10, 20))
    w.take(*minutes(0, 12), published(candle(BTC, 15, 80), revision=1))
    w.listings = {BTC: START}
    w.learn()
    assert len(store.candles[BTC]) == 20
    assert store.rows == {}
    assert store.ranges == set()


def test_a_window_forgets_what_is_no_longer_needed() -> None:
    w, _ = world()
    for first in range(0, 4000, 100):
        w.take(*minutes(first, first + 100))
    assert len(w.state.series[BTC].windows[-1].rows) < 120


def test_history_beside_live_candles_is_loaded_once_in_a_while() -> None:
    w, store = world()
    w.take(*minutes(1000, 1100))
    for number in range(100):
        w.take(*minutes(number, number + 1), *minutes(1100 + number, 1101 + number))
    assert len(store.candles[BTC]) == 300
    assert len(store.loads) < 25
    w.settle()
    assert store.rows[BTC] == rows_of(in_bulk(w.config, store, BTC, None))


def test_the_same_candle_again_is_a_duplicate_and_an_older_revision_too() -> None:
    w, store = world()
    w.take(*minutes(0, 3))
    w.take(published(candle(BTC, 1, 50), revision=2))
    outcome = w.take(published(candle(BTC, 1, 60), revision=1), published(candle(BTC, 1, 70), revision=2))
    assert outcome.counts[BTC] == Counts(duplicates=2)
    assert not outcome.batch.raw
    assert store.candles[BTC][START + MINUTE].open == 50
    assert w.state.series[BTC].counts == Counts(stored=4, revisions=1, duplicates=2)


def test_of_two_revisions_in_one_batch_the_newer_one_is_written() -> None:
    w, store = world()
    w.take(published(candle(BTC, 0, 50)), published(candle(BTC, 0, 60), revision=1), published(candle(BTC, 0, 50)))
    assert store.candles[BTC][START].open == 60
    assert w.state.series[BTC].counts == Counts(stored=2, revisions=1, duplicates=1)


def test_only_live_candles_stored_for_the_first_time_count_as_live() -> None:
    w, _ = world()
    outcome = w.take(*minutes(0, 2), published(candle(BTC, 2), lane="repair"), published(candle(BTC, 1), revision=1))
    assert outcome.live == {BTC: (START, START + MINUTE)}


def test_after_a_restart_the_first_candle_loads_its_window_and_no_more() -> None:
    w, store = world()
    w.take(*minutes(0, 300))
    w.restart()
    w.take(*minutes(300, 301))
    w.take(*minutes(301, 302))
    assert [(start, end - 1) for _, start, end in store.loads] == [(START + 297 * MINUTE, START + 299 * MINUTE)]


# ---------------------------------------------------------------- what becomes dirty


def test_a_late_candle_makes_the_rows_behind_it_dirty_in_the_same_batch() -> None:
    w, store = world()
    w.take(*minutes(0, 6), *minutes(7, 30))
    outcome = w.take(*minutes(6, 7))
    assert outcome.batch.add_dirty == (dirty(BTC, 7, 11),)
    assert store.ranges == {dirty(BTC, 7, 11)}


def test_a_candle_only_a_little_late_is_made_good_at_once() -> None:
    w, store = world()
    w.take(*minutes(0, 10), *minutes(11, 12))
    w.take(*minutes(10, 11), *minutes(12, 14))
    assert not store.ranges
    assert store.rows[BTC] == rows_of(in_bulk(w.config, store, BTC, None))


def test_dirty_rows_that_new_candles_bring_along_are_clean() -> None:
    w, store = world()
    w.take(*minutes(0, 6), *minutes(7, 30))
    w.take(*minutes(6, 7))
    w.take(*[published(candle(BTC, n), revision=1) for n in range(6, 10)])
    assert store.ranges == {dirty(BTC, 10, 14)}


def test_what_is_dirty_survives_a_restart_and_is_recomputed_in_pieces() -> None:
    w, store = world(specs=(IndicatorSpec("sma", "SMA", (("timeperiod", 20),)),))
    w.take(*minutes(0, 6), *minutes(7, 60))
    w.take(*minutes(6, 7))
    w.restart()
    assert w.work_behind()
    assert store.ranges == {dirty(BTC, 14, 39)}
    w.settle()
    assert not store.ranges
    assert store.rows[BTC] == rows_of(in_bulk(w.config, store, BTC, None))


def test_history_makes_the_rows_behind_the_former_beginning_dirty_once() -> None:
    w, store = world()
    w.take(*minutes(100, 130))
    w.take(*minutes(0, 20))
    assert store.ranges == {dirty(BTC, 100, 104)}
    w.settle()
    w.take(*minutes(20, 90))
    assert not store.ranges


def test_a_listing_that_becomes_known_makes_the_first_rows_dirty() -> None:
    w, store = world()
    w.take(*minutes(0, 50))
    assert not store.rows[BTC][START]["warm"]
    w.listings = {BTC: START}
    w.learn()
    assert store.ranges == {dirty(BTC, 0, 5)}
    w.learn()
    w.settle()
    assert store.rows[BTC][START]["warm"]


def test_a_longer_candle_makes_the_rows_dirty_that_carry_it() -> None:
    w, store = world("1m", "5m", specs=(CARRIED,))
    w.take(*minutes(0, 20, BTC_5M)[:3], *minutes(0, 20))
    w.take(published(candle(BTC_5M, 3, 120)))
    assert store.ranges == {dirty(BTC, 19, 19)}
    w.settle()
    assert store.rows[BTC] == rows_of(in_bulk(w.config, store, BTC, None))


def test_a_longer_candle_in_the_batch_of_its_last_part_leaves_nothing_dirty() -> None:
    w, store = world("1m", "5m", specs=(CARRIED,))
    w.take(*minutes(0, 4))
    w.take(*minutes(4, 5), *minutes(0, 1, BTC_5M))
    assert not store.ranges


def test_the_first_longer_candle_turns_what_follows_into_gaps() -> None:
    w, store = world("1m", "5m", specs=(CARRIED,))
    w.take(*minutes(0, 100))
    w.take(*minutes(0, 1, BTC_5M))
    assert store.ranges == {dirty(BTC, 4, 99)}
    w.settle()
    assert store.rows[BTC] == rows_of(in_bulk(w.config, store, BTC, None))
    assert store.rows[BTC][START + 99 * MINUTE]["gap_in_window"]


# ---------------------------------------------------------------- dead letters


def changed(**fields: object) -> bytes:
    plain = msgspec.to_builtins(record(candle(BTC, 1)))
    return msgspec.json.encode(plain | fields)


@pytest.mark.parametrize(
    ("value", "reason", "stage"),
    [
        (b"{", "malformed", "decode"),
        (changed(trades=10**30), "malformed", "decode"),
        (changed(schema=2), "newer_schema", "decode"),
        (changed(symbol="DOGEUSDC"), "unknown_symbol", "validate"),
        (changed(interval="7m"), "unknown_interval", "validate"),
        (changed(interval="1h"), "unknown_interval", "validate"),
        (changed(open_time=-MINUTE), "too_early", "validate"),
        (changed(open_time=2**62), "in_future", "validate"),
        (changed(open_time=START + 1), "off_grid", "validate"),
        (changed(revision=-1), "negative", "validate"),
        (changed(close="1e"), "bad_number", "validate"),
        (changed(high="1.0"), "inconsistent", "validate"),
    ],
)
def test_a_bad_record_becomes_a_dead_letter_and_costs_its_batch_nothing(
    value: bytes, reason: Reason, stage: str
) -> None:
    w, store = world()
    bad = log_record(value)
    outcome = w.take(*minutes(0, 1), bad, *minutes(2, 4))
    (letter,) = outcome.dead_letters
    assert (letter.record, letter.rejected.reason, letter.stage) == (bad, reason, stage)
    assert letter.rejected.detail
    assert len(store.candles[BTC]) == 3
    counts = w.state.series[BTC].counts
    assert counts.dead_lettered + w.state.unplaced == 1


def test_a_dead_letter_says_whose_it_is_as_far_as_that_is_known() -> None:
    w, _ = world()
    unreadable, foreign, validated = (
        w.take(each).dead_letters[0]
        for each in (log_record(b"{"), log_record(changed(symbol="X"), "X"), log_record(changed(close="-1")))
    )
    assert (unreadable.symbol, unreadable.interval, unreadable.open_time) == ("BTCUSDC", "1m", None)
    assert (foreign.symbol, foreign.interval) == ("X", "1m")
    assert (validated.symbol, validated.interval, validated.open_time) == ("BTCUSDC", "1m", START + MINUTE)
    assert w.state.series[BTC].counts.dead_lettered == 2
    assert w.state.unplaced == 1


@pytest.mark.parametrize("size", [1, 2, 10])
def test_a_crash_is_rejected_once_and_the_prices_after_it_are_taken(size: int) -> None:
    w, store = world(reject=True)
    prices = [100.0] * 3 + [20.0] * 7
    records = [published(candle(BTC, n, price)) for n, price in enumerate(prices)]
    for first in range(0, len(records), size):
        w.take(*records[first : first + size])
    assert w.state.series[BTC].counts == Counts(stored=9, dead_lettered=1)
    assert START + 3 * MINUTE not in store.candles[BTC]


@pytest.mark.parametrize("size", [1, 6])
def test_one_bad_print_costs_one_candle(size: int) -> None:
    w, store = world(reject=True)
    records = [published(candle(BTC, n, price)) for n, price in enumerate([100.0, 100.0, 20.0, 100.0, 100.0, 100.0])]
    for first in range(0, len(records), size):
        w.take(*records[first : first + size])
        w.restart()
    assert len(store.candles[BTC]) == 5


def test_a_crash_is_flagged_where_the_stream_keeps_it() -> None:
    w, store = world()
    w.take(*[published(candle(BTC, n, price)) for n, price in enumerate([100.0, 20.0, 21.0])])
    assert [each.flagged for each in store.candles[BTC].values()] == [False, True, False]


def test_a_candle_is_not_compared_with_one_that_lies_further_back() -> None:
    w, store = world(reject=True)
    w.take(published(candle(BTC, 0, 100)), published(candle(BTC, 5, 20)))
    assert len(store.candles[BTC]) == 2
