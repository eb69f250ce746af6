"""Laws of tables: merging is a union in which the newer row stands, and cutting commutes with it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.candle import Candle, CandleTable
from cryptostream.core.market.table import COLUMNS, between, empty_table, merge, table_of
from tests.support.builders import validated

STEP = 60_000


def made(minutes: frozenset[int], revision: int) -> CandleTable:
    """A table whose closes tell the revision and the minute."""
    return table_of(
        [
            validated(
                Candle(
                    symbol="BTCUSDC",
                    interval="1m",
                    open_time=minute * STEP,
                    close_time=minute * STEP + STEP - 1,
                    open="1",
                    high="99999",
                    low="1",
                    close=f"{revision * 1000 + minute}",
                    volume="1",
                    source="rest",
                    exchange_time=minute * STEP + STEP,
                ),
                revision=revision,
            )
            for minute in sorted(minutes)
        ]
    )


def same(one: CandleTable, other: CandleTable) -> bool:
    return all(np.array_equal(getattr(one, n), getattr(other, n), equal_nan=True) for n in COLUMNS)


minutes = st.frozensets(st.integers(0, 30), max_size=20)
tables = st.builds(made, minutes, st.integers(0, 9))
bounds = st.integers(-2, 33).map(lambda minute: minute * STEP) | st.integers(-STEP, 32 * STEP)


@given(minutes, minutes)
def test_merging_is_a_union_in_which_the_newer_stands(old: frozenset[int], new: frozenset[int]) -> None:
    merged = merge(made(old, 1), made(new, 2))
    assert merged.open_time.tolist() == [minute * STEP for minute in sorted(old | new)]
    assert merged.revision.tolist() == [2 if minute in new else 1 for minute in sorted(old | new)]
    assert merged.close.tolist() == [(2 if m in new else 1) * 1000 + m for m in sorted(old | new)]


@given(tables, tables, tables)
def test_merging_is_associative(first: CandleTable, second: CandleTable, third: CandleTable) -> None:
    assert same(merge(merge(first, second), third), merge(first, merge(second, third)))


@given(tables)
def test_the_empty_table_and_the_table_itself_change_nothing(table: CandleTable) -> None:
    for merged in (merge(table, empty_table()), merge(empty_table(), table), merge(table, table)):
        assert same(merged, table)


@given(tables, tables, bounds, bounds)
def test_cutting_commutes_with_merging(older: CandleTable, newer: CandleTable, start: int, end: int) -> None:
    assert same(between(merge(older, newer), start, end), merge(between(older, start, end), between(newer, start, end)))


@given(tables, bounds, bounds)
def test_a_cut_has_exactly_the_rows_within(table: CandleTable, start: int, end: int) -> None:
    assert between(table, start, end).open_time.tolist() == [t for t in table.open_time.tolist() if start <= t < end]


@given(tables, bounds)
def test_the_parts_of_a_table_make_it_up(table: CandleTable, at: int) -> None:
    assert same(merge(between(table, -STEP * 9, at), between(table, at, 99 * STEP)), table)
