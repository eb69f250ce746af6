from dataclasses import fields

import numpy as np

from cryptostream.core.market.candle import Candle, CandleTable
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import COLUMNS, INTEGER_COLUMNS, between, empty_table, merge, table_of, take
from tests.support.builders import validated

FULL = Candle(
    symbol="BTCUSDC",
    interval="1m",
    open_time=60_000,
    close_time=119_999,
    open="2",
    high="4",
    low="1",
    close="3",
    volume="10.5",
    quote_volume="21",
    trades=2,
    taker_buy_volume="5",
    taker_buy_quote_volume="11",
    first_trade_id=7,
    last_trade_id=8,
    source="websocket",
    exchange_time=120_004,
)
SPARE = Candle(
    symbol="BTCUSDC",
    interval="1m",
    open_time=120_000,
    close_time=150_000,
    open="3",
    high="3",
    low="3",
    close="3",
    volume="0",
    source="archive",
    exchange_time=180_000,
)


def rows(table: CandleTable) -> dict[str, list[float]]:
    return {name: getattr(table, name).tolist() for name in COLUMNS}


def test_a_candle_knows_its_series() -> None:
    assert FULL.series == Series("BTCUSDC", "1m") == validated(FULL).record.series
    assert str(FULL.series) == "BTCUSDC/1m"


def test_a_table_holds_each_field_in_a_column_of_its_type() -> None:
    table = table_of([validated(FULL), validated(SPARE, revision=3)])
    assert len(table) == 2
    found = rows(table)
    assert found["open_time"] == [60_000, 120_000]
    assert (found["open"], found["high"], found["low"], found["close"]) == ([2, 3], [4, 3], [1, 3], [3, 3])
    assert found["close_time"] == [119_999, 150_000]
    assert found["revision"] == [0, 3]
    assert {name for name in COLUMNS if getattr(table, name).dtype == np.int64} == INTEGER_COLUMNS
    assert {getattr(table, name).dtype for name in set(COLUMNS) - INTEGER_COLUMNS} == {np.dtype(np.float64)}


def test_what_a_source_does_not_state_is_nan_or_minus_one() -> None:
    table = table_of([validated(SPARE)])
    for name in ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume"):
        assert np.isnan(getattr(table, name)).all()
    for name in ("trades", "first_trade_id", "last_trade_id"):
        assert getattr(table, name).tolist() == [-1]
    assert table.volume.tolist() == [0.0]


def test_an_empty_table_has_all_columns() -> None:
    table = empty_table()
    assert len(table) == 0
    assert {field.name for field in fields(table)} == set(COLUMNS)
    assert table.open_time.dtype == np.int64
    assert table.quote_volume.dtype == np.float64


def test_rows_are_cut_out_by_open_time_with_the_end_left_out() -> None:
    table = table_of([validated(FULL), validated(SPARE)])
    assert rows(between(table, 60_000, 120_000))["open_time"] == [60_000]
    assert rows(between(table, 60_001, 120_001))["open_time"] == [120_000]
    assert len(between(table, 0, 60_000)) == 0
    assert rows(take(table, np.array([1, 0])))["open_time"] == [120_000, 60_000]


def test_the_newer_row_of_a_candle_stands() -> None:
    older = table_of([validated(FULL), validated(SPARE)])
    newer = table_of([validated(FULL, revision=1)])
    merged = merge(older, newer)
    assert rows(merged)["open_time"] == [60_000, 120_000]
    assert rows(merged)["revision"] == [1, 0]
    assert rows(older)["revision"] == [0, 0]
