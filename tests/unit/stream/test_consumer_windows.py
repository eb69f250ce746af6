from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import COLUMNS, table_of
from cryptostream.core.stream.runs import union
from cryptostream.core.stream.windows import (
    BEGINNING,
    END,
    Window,
    absorb,
    covers,
    find,
    forget_before,
    joined,
    nothing_after,
    stretches,
)
from tests.support.stored import candles

BTC = Series("BTCUSDC", "1m")
MINUTE = INTERVALS["1m"]
OPENS = st.frozensets(st.integers(0, 40).map(lambda n: n * 60_000))


def table(opens: frozenset[Millis] | range) -> CandleTable:
    return table_of(candles(BTC, sorted(opens)))


def at(*numbers: int) -> range:
    return range(numbers[0] * 60_000, numbers[-1] * 60_000 + 1, 60_000)


def test_nothing_after_claims_the_whole_future() -> None:
    assert covers(nothing_after(None), (BEGINNING, END))
    assert covers(nothing_after(60_000), (60_001, END))
    assert not covers(nothing_after(60_000), (60_000, END))


def test_what_no_window_covers_is_not_made_up() -> None:
    with pytest.raises(LookupError, match="no window covers"):
        find([Window(0, 100, table(frozenset()))], (50, 101))


@given(OPENS, OPENS, st.integers(0, 41), st.integers(0, 41))
def test_absorbed_rows_are_found_where_the_claim_reaches(
    before: frozenset[int], new: frozenset[int], low: int, length: int
) -> None:
    first, last = low * 60_000, (low + length) * 60_000
    inside = frozenset(t for t in before if first <= t <= last)
    window = absorb(Window(first, last, table(inside)), table(new))
    found = find([window], (first, last)).open_time.tolist()
    assert found == sorted(inside | {t for t in new if first <= t <= last})


@given(OPENS, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=4))
def test_joined_windows_lie_apart_and_know_the_same(stored: frozenset[int], claims: list[tuple[int, int]]) -> None:
    windows = [
        Window(a * 60_000, (a + b) * 60_000, table(frozenset(t for t in stored if a * 60_000 <= t <= (a + b) * 60_000)))
        for a, b in claims
    ]
    result = joined(windows)
    assert all(one.high + 1 < other.low for one, other in pairwise(result))
    for window in windows:
        kept = find(result, (window.low, window.high))
        assert kept.open_time.tolist() == window.rows.open_time.tolist()


def test_a_newer_row_replaces_the_one_of_its_open_time() -> None:
    row = table(at(1))
    newer = CandleTable(**{**{name: getattr(row, name) for name in COLUMNS}, "close": np.array([7.0])})
    window = absorb(Window(0, END, table(at(0, 3))), newer)
    assert window.rows.close[1] == 7.0
    assert len(window.rows) == 4


def test_rows_are_forgotten_only_where_there_are_many() -> None:
    window = Window(BEGINNING, END, table(at(0, 9)))
    assert forget_before(window, 3 * 60_000, slack=3) is window
    narrower = forget_before(window, 4 * 60_000, slack=3)
    assert (narrower.low, len(narrower.rows)) == (4 * 60_000, 6)
    assert narrower.rows.open_time.base is None


def test_stretches_break_where_neighbours_lie_apart() -> None:
    opens = [n * 60_000 for n in (0, 1, 4, 9, 10)]
    assert stretches(MINUTE, opens, 3) == ((0, 240_000), (540_000, 600_000))
    assert stretches(MINUTE, opens, 5) == ((0, 600_000),)
    assert stretches(MINUTE, [], 3) == ()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=6))
def test_a_union_has_the_same_open_times_in_runs_apart(pairs: list[tuple[int, int]]) -> None:
    runs = [(a * 60_000, (a + b) * 60_000) for a, b in pairs]
    result = union(MINUTE, runs)
    assert {t for a, b in result for t in MINUTE.opens(a, b + 1)} == {
        t for a, b in runs for t in MINUTE.opens(a, b + 1)
    }
    assert all(MINUTE.next(one[1]) < other[0] for one, other in pairwise(result))
