import pytest

from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogRecord
from cryptostream.core.stream.consumer_config import part_of
from tests.support.consumer_world import START, World, candle, published, small_config
from tests.support.model_store import ModelStore

BTC = Series("BTCUSDC", "1m")
BTC_5M = Series("BTCUSDC", "5m")


def world() -> World:
    return World(small_config(("1m", "5m"), ()), ModelStore())


def minutes(first: int, end: int, revision: int = 0) -> list[LogRecord]:
    return [published(candle(BTC, number), revision=revision) for number in range(first, end)]


def five_minutes(number: int, *, volume: str = "7.5", revision: int = 0) -> LogRecord:
    made = candle(BTC_5M, number, volume=volume, quote_volume="750", trades=5)
    return published(made, revision=revision)


@pytest.mark.parametrize(
    ("whole", "part"),
    [("1m", "1s"), ("15m", "1m"), ("1h", "15m"), ("1d", "1h"), ("3d", "1d"), ("1w", "1d"), ("1M", "1d"), ("1s", None)],
)
def test_a_candle_is_checked_against_the_longest_interval_that_makes_it_up(whole: str, part: str | None) -> None:
    assert part_of(("1s", "1m", "15m", "1h", "1d", "3d", "1w", "1M"), whole) == part


def test_a_candle_that_is_the_sum_of_its_parts_is_no_mismatch() -> None:
    w = world()
    w.take(*minutes(0, 10), five_minutes(0), five_minutes(1))
    w.check_rollups()
    assert not w.state.mismatches
    assert not w.state.series[BTC_5M].unchecked


@pytest.mark.parametrize("late", ["whole", "part"])
def test_a_mismatch_is_found_whatever_comes_last(late: str) -> None:
    w = world()
    whole, parts = five_minutes(0, volume="8.0"), minutes(0, 5)
    first, second = (parts, [whole]) if late == "whole" else ([whole, *parts[:2], *parts[3:]], [parts[2]])
    w.take(*first)
    w.check_rollups()
    assert not w.state.mismatches
    w.take(*second)
    w.check_rollups()
    (found,) = w.state.mismatches
    assert (found.series, found.open_time) == (BTC_5M, START)
    assert "volume is 8, its parts make 7.5" in found.detail
    assert w.state.series[BTC_5M].counts.mismatches == 1


def test_a_mismatch_is_forgotten_when_a_revision_puts_it_right() -> None:
    w = world()
    w.take(*minutes(0, 5), five_minutes(0, volume="8.0"))
    w.check_rollups()
    w.take(five_minutes(0, revision=1))
    w.check_rollups()
    assert not w.state.mismatches
    assert w.state.series[BTC_5M].counts.mismatches == 1


def test_a_candle_in_the_making_is_not_looked_at() -> None:
    w = world()
    w.take(*minutes(0, 4))
    assert not w.state.series[BTC_5M].unchecked
    w.take(*minutes(4, 5))
    assert w.state.series[BTC_5M].unchecked == ((START, START),)


def test_many_candles_are_checked_in_pieces() -> None:
    w = world()
    w.take(*minutes(0, 100), *(five_minutes(number) for number in range(19)), five_minutes(19, volume="9"))
    w.check_rollups()
    assert [m.open_time for m in w.state.mismatches] == [START + 19 * 300_000]
