from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.sanity import Tail, candle_faults, chain_breaks
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import table_of, take
from tests.support.stored import MINUTE, T0, candles

ONE_MINUTE = INTERVALS["1m"]


def table(count: int = 6) -> CandleTable:
    return table_of(candles(Series("BTCUSDC", "1m"), (T0 + place * MINUTE for place in range(count))))


def changed(column: str, row: int, value: float) -> CandleTable:
    whole = table()
    copy = getattr(whole, column).copy()
    copy[row] = value
    return replace(whole, **{column: copy})


def chained(trades: list[int | None], gaps: frozenset[int] = frozenset()) -> CandleTable:
    """A chain without breaks; None stands for a candle that states nothing, `gaps` for slots that are absent."""
    counts = [each or 0 for each in trades]
    first = np.cumsum([100, *counts])[:-1]
    stated = np.array([each is not None and each > 0 for each in trades])
    whole = replace(
        table(len(trades)),
        trades=np.array([-1 if each is None else each for each in trades]),
        first_trade_id=np.where(stated, first, -1),
        last_trade_id=np.where(stated, first + counts - 1, -1),
    )
    return take(whole, np.array([row for row in range(len(trades)) if row not in gaps], dtype=np.int64))


def test_valid_candles_have_no_faults() -> None:
    assert list(candle_faults(table(), ONE_MINUTE)) == []
    assert list(candle_faults(chained([3, 0, None, 2]), ONE_MINUTE)) == []


@pytest.mark.parametrize(
    ("column", "value", "detail"),
    [
        ("open_time", T0 + 2 * MINUTE + 1, "the open time is not on the grid"),
        ("close_time", T0 + 3 * MINUTE, "it does not close within its interval"),
        ("close_time", T0 + 2 * MINUTE - 1, "it does not close within its interval"),
        ("open", 0.0, "a price is not above 0"),
        ("high", float("inf"), "a price is not above 0"),
        ("close", float("nan"), "a price is not above 0"),
        ("volume", -1e-8, "a volume is below 0"),
        ("volume", float("nan"), "a volume is below 0"),
        ("taker_buy_quote_volume", float("inf"), "a volume is below 0"),
        ("high", 99.6, "high is not the highest price"),
        ("low", 100.2, "low is not the lowest price"),
        ("trades", 6, "its trade ids are not as many as its trades"),
    ],
)
def test_each_fault_is_named(column: str, value: float, detail: str) -> None:
    faults = list(candle_faults(changed(column, 2, value), ONE_MINUTE))
    assert [told for _, told in faults] == [detail]


@pytest.mark.parametrize(("column", "value"), [("quote_volume", float("nan")), ("trades", -1), ("first_trade_id", -1)])
def test_what_a_source_did_not_state_is_no_fault(column: str, value: float) -> None:
    assert list(candle_faults(changed(column, 2, value), ONE_MINUTE)) == []


def test_a_candle_may_close_early_and_months_have_their_own_grid() -> None:
    months = Series("BTCUSDC", "1M")
    opens = [INTERVALS["1M"].open_at(index) for index in range(648, 652)]
    whole = table_of(candles(months, opens))
    whole = replace(whole, close_time=np.array([opens[0], *whole.close_time[1:]]))
    assert list(candle_faults(whole, INTERVALS["1M"])) == []


Trades = st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=12)


@given(Trades, st.frozensets(st.integers(0, 11)))
def test_an_unbroken_chain_has_no_breaks(trades: list[int | None], gaps: frozenset[int]) -> None:
    assert chain_breaks(chained(trades, gaps), ONE_MINUTE)[0] == []


@given(Trades, st.frozensets(st.integers(0, 11)), st.integers(0, 12), st.integers(0, 11))
def test_breaks_do_not_depend_on_the_pieces(
    trades: list[int | None], gaps: frozenset[int], cut: int, shifted: int
) -> None:
    whole = chained(trades, gaps)
    ids = whole.first_trade_id
    whole = replace(whole, first_trade_id=np.where((np.arange(len(ids)) >= shifted) & (ids >= 0), ids + 1, ids))
    head, tail = chain_breaks(take(whole, slice(0, cut)), ONE_MINUTE)
    rest, _ = chain_breaks(take(whole, slice(cut, None)), ONE_MINUTE, tail)
    assert head + rest == chain_breaks(whole, ONE_MINUTE)[0]


def test_a_missing_trade_breaks_the_chain_at_the_next_candle_with_trades() -> None:
    whole = chained([2, 0, 0, 3, 1])
    ids = whole.first_trade_id.copy()
    ids[3] += 1
    broken, tail = chain_breaks(replace(whole, first_trade_id=ids), ONE_MINUTE)
    assert broken == [(T0 + 3 * MINUTE, "its first trade is 103, the last one before it 101")]
    assert tail == Tail(ONE_MINUTE.index(T0 + 4 * MINUTE), 105)


def test_a_candle_between_that_states_nothing_proves_nothing() -> None:
    whole = chained([2, None, 3])
    shifted = np.where(whole.first_trade_id >= 0, whole.first_trade_id + 50, -1)
    assert chain_breaks(replace(whole, first_trade_id=shifted), ONE_MINUTE)[0] == []
