"""Laws of every grid: numbers and open times are two names of the same candle."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.interval import INTERVALS, Interval, Millis

CENTURY = 100 * 366 * 24 * 3_600_000
intervals = st.sampled_from(list(INTERVALS.values()))
times = st.integers(-CENTURY, CENTURY)
places = st.integers(-1000, 1000)


@given(intervals, times)
def test_a_moment_lies_in_exactly_one_candle(interval: Interval, time: Millis) -> None:
    opens = interval.floor(time)
    assert opens <= time <= interval.close_time(opens) < interval.next(time)
    assert interval.floor(opens) == opens
    assert interval.next(opens) == interval.next(time)
    assert interval.is_open_time(opens)
    assert interval.is_open_time(time) == (opens == time)


@given(intervals, times)
def test_neighbours_touch(interval: Interval, time: Millis) -> None:
    opens = interval.floor(time)
    assert interval.close_time(opens) + 1 == interval.next(opens) == interval.shift(opens, 1)
    assert interval.floor(opens - 1) == interval.shift(opens, -1)
    assert interval.next(opens) - opens >= interval.step


@given(intervals, times)
def test_ceil_is_the_least_open_time_not_before(interval: Interval, time: Millis) -> None:
    after = interval.ceil(time)
    assert interval.is_open_time(after)
    assert interval.shift(after, -1) < time <= after


@given(intervals, times)
def test_numbers_and_open_times_are_inverse(interval: Interval, time: Millis) -> None:
    index = interval.index(time)
    assert interval.open_at(index) == interval.floor(time)
    assert interval.index(interval.open_at(index)) == index


@given(intervals, times, places, places)
def test_shifts_add_up(interval: Interval, time: Millis, there: int, more: int) -> None:
    opens = interval.floor(time)
    assert interval.shift(interval.shift(opens, there), more) == interval.shift(opens, there + more)
    assert interval.shift(opens, 0) == opens
    assert interval.index(interval.shift(opens, there)) - interval.index(opens) == there


@given(intervals, times, st.integers(0, 300))
def test_a_range_has_each_open_time_once(interval: Interval, time: Millis, candles: int) -> None:
    start = interval.floor(time)
    end = interval.shift(start, candles)
    opens = list(interval.opens(start, end))
    assert len(opens) == interval.count(start, end) == candles
    assert opens == [interval.shift(start, place) for place in range(candles)]
    assert interval.count(end, start) == 0


@given(intervals, times, st.integers(1, 300), st.integers(0, 10**12))
def test_a_range_may_end_within_a_candle(interval: Interval, time: Millis, candles: int, beyond: int) -> None:
    start = interval.floor(time)
    last = interval.shift(start, candles - 1)
    end = last + 1 + beyond % interval.step
    assert len(interval.opens(start, end)) == candles


@given(intervals, st.lists(times, max_size=50))
def test_numbers_of_many_times_are_those_of_each(interval: Interval, many: list[Millis]) -> None:
    found = interval.indices(np.array(many, dtype=np.int64))
    assert found.dtype == np.int64
    assert found.tolist() == [interval.index(time) for time in many]
