from dataclasses import fields
from math import inf, nan

import numpy as np
from msgspec.structs import replace

from cryptostream.core.codec.line_protocol import enriched_lines, gap_line, raw_line
from cryptostream.core.market.candle import EnrichedTable, ValidatedCandle
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.series import Symbol
from tests.support.line_protocol_reader import read
from tests.unit.codec.examples import OPEN, RECORD, SERIES, SYMBOL

STREAM = "market.majors"
TAGS = {"stream": STREAM, "exchange": "binance", "coin": "BTC", "symbol": "BTCUSDC", "interval": "1m"}
CANDLE = ValidatedCandle(
    RECORD, 112890.01, 112900.0, 112870.5, 112888.88, 1.234, 139298.12, 0.61, 68871.3, flagged=False
)


def table(**values: list[float]) -> EnrichedTable:
    return EnrichedTable(
        series=SERIES,
        open_time=np.array([OPEN, OPEN + 60_000]),
        revision=np.array([0, 2]),
        values={name: np.array(column) for name, column in values.items()},
        warm=np.array([False, True]),
        gap_in_window=np.array([True, False]),
        hour=np.array([4, 4]),
        weekday=np.array([2, 2]),
    )


def test_a_candle_is_one_point_with_the_fields_of_the_contract() -> None:
    assert raw_line(STREAM, CANDLE) == (
        "candle,coin=BTC,exchange=binance,interval=1m,stream=market.majors,symbol=BTCUSDC "
        "open=112890.01,high=112900.0,low=112870.5,close=112888.88,volume=1.234,quote_volume=139298.12,"
        "taker_buy_volume=0.61,taker_buy_quote_volume=68871.3,"
        "trades=412i,close_time=1761711779999i,exchange_time=1761711780004i,published_at=1761711780012345i,"
        'revision=0i,first_trade_id=4711i,last_trade_id=5122i,lane="live",source="websocket",'
        "simulated=false,flagged=false 1761711720000"
    )


def test_what_a_source_does_not_state_is_an_omitted_field() -> None:
    bare = replace(
        CANDLE,
        record=replace(RECORD, trades=None, first_trade_id=None, last_trade_id=None, simulated=True),
        quote_volume=None,
        taker_buy_volume=None,
        taker_buy_quote_volume=None,
        flagged=True,
    )
    whole, point = read(raw_line(STREAM, CANDLE)), read(raw_line(STREAM, bare))
    absent = {"quote_volume", "taker_buy_volume", "taker_buy_quote_volume", "trades", "first_trade_id", "last_trade_id"}
    assert set(whole.fields) - set(point.fields) == absent
    assert (point.fields["simulated"], point.fields["flagged"]) == (True, True)
    assert point.tags == TAGS


def test_whole_numbers_are_floats_where_the_field_is_one() -> None:
    point = read(raw_line(STREAM, replace(CANDLE, volume=0.0, close=112888.0)))
    assert (type(point.fields["volume"]), type(point.fields["close"])) == (float, float)
    assert type(point.fields["trades"]) is int


def test_very_small_and_large_numbers_come_back_exactly() -> None:
    point = read(raw_line(STREAM, replace(CANDLE, low=7.74e-06, volume=1.2345678901234567e19)))
    assert (point.fields["low"], point.fields["volume"]) == (7.74e-06, 1.2345678901234567e19)


def test_each_row_of_indicators_is_a_point() -> None:
    first, second = (
        read(line)
        for line in enriched_lines(STREAM, "binance", SYMBOL, table(sma20=[nan, 1.5], bb_upper=[2.0, 3.0]), False)
    )
    assert (first.measurement, first.tags, first.time) == ("indicators", TAGS, OPEN)
    assert first.fields == {
        "bb_upper": 2.0,
        "revision": 0,
        "hour": 4,
        "weekday": 2,
        "warm": False,
        "gap_in_window": True,
        "simulated": False,
    }
    assert second.time == OPEN + 60_000
    assert second.fields == {
        "sma20": 1.5,
        "bb_upper": 3.0,
        "revision": 2,
        "hour": 4,
        "weekday": 2,
        "warm": True,
        "gap_in_window": False,
        "simulated": False,
    }
    assert all(type(second.fields[name]) is int for name in ("revision", "hour", "weekday"))


def test_undefined_values_are_never_written() -> None:
    lines = enriched_lines(STREAM, "binance", SYMBOL, table(a=[nan, inf], b=[-inf, nan]), True)
    assert [{"a", "b"} & set(read(line).fields) for line in lines] == [set(), set()]
    assert all(read(line).fields["simulated"] is True for line in lines)


def test_rows_without_indicators_are_points_too() -> None:
    lines = enriched_lines(STREAM, "binance", SYMBOL, table(), False)
    assert [len(read(line).fields) for line in lines] == [6, 6]


def test_a_table_without_rows_is_no_point() -> None:
    none = without_rows(table(a=[1.0, 2.0]))
    assert enriched_lines(STREAM, "binance", SYMBOL, none, False) == []


def without_rows(full: EnrichedTable) -> EnrichedTable:
    """The table without its rows."""
    values = {name: column[:0] for name, column in full.values.items()}
    names = [field.name for field in fields(full) if field.name not in {"series", "values"}]
    return EnrichedTable(series=full.series, values=values, **{name: getattr(full, name)[:0] for name in names})


GAP = Gap(
    series=SERIES,
    start=OPEN,
    end=OPEN + 79 * 60_000,
    candles=80,
    cause="pending",
    state="open",
    detected_at=OPEN + 63_000,
)


def test_a_gap_is_a_point_at_its_first_open_time() -> None:
    point = read(gap_line(STREAM, "binance", SYMBOL, GAP))
    assert (point.measurement, point.tags, point.time) == ("gap", TAGS, OPEN)
    assert point.fields == {
        "to": OPEN + 79 * 60_000,
        "candles": 80,
        "detected_at": (OPEN + 63_000) * 1000,
        "cause": "pending",
        "state": "open",
        "proof": "none",
    }


def test_a_later_state_of_a_gap_replaces_the_point() -> None:
    closed = replace(GAP, cause="exchange_outage", state="closed", resolved_at=OPEN + 99_000, evidence='a "b" \\ c')
    before, after = read(gap_line(STREAM, "binance", SYMBOL, GAP)), read(gap_line(STREAM, "binance", SYMBOL, closed))
    assert (before.measurement, before.tags, before.time) == (after.measurement, after.tags, after.time)
    assert after.fields["evidence"] == 'a "b" \\ c'
    assert after.fields["resolved_at"] == (OPEN + 99_000) * 1000


def test_tags_are_escaped_and_empty_ones_left_out() -> None:
    odd = Symbol("A,B=C D", "", "USDC")
    line = gap_line("name space.x=y,z", "binance", odd, GAP)
    assert read(line).tags == {
        "stream": "name space.x=y,z",
        "symbol": "A,B=C D",
        "exchange": "binance",
        "interval": "1m",
    }


def test_no_value_begins_a_line_of_its_own() -> None:
    line = gap_line("a\nb", "binance", Symbol("X\r\n\tY", "X", "Y"), GAP)
    assert len(line.splitlines()) == 1
    assert read(line).fields == read(gap_line(STREAM, "binance", SYMBOL, GAP)).fields
