"""The klines call and its neighbours, by the contract: selection, types, units and the table of errors."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from cryptostream.core.result import Ok
from cryptostream.simulator.events import Stop
from cryptostream.simulator.grid import DAY, HOUR, MINUTE
from cryptostream.simulator.listing import LISTED
from cryptostream.simulator.rest import call_at, reply_to
from cryptostream.simulator.state import State
from tests.unit.simulator.support import NOW, state

MINUTE_NOW = NOW // MINUTE * MINUTE


def ask(path: str, query: str = "", at: State | None = None, scale: int = 1) -> Any:
    call = call_at(f"/api/v3/{path}")
    assert call is not None
    reply = reply_to(call, query, at or state(), scale)
    return json.loads(reply.value) if isinstance(reply, Ok) else (reply.error.code, reply.error.msg)


def listed(*names: str) -> str:
    return "symbols=" + quote(json.dumps(names, separators=(",", ":")))


def opens(query: str, at: State | None = None) -> list[int]:
    return [row[0] for row in ask("klines", f"symbol=BTCUSDC&interval=1m&{query}", at)]


@pytest.mark.parametrize(
    ("query", "first", "last", "count"),
    [
        ("", MINUTE_NOW - 499 * MINUTE, MINUTE_NOW, 500),
        ("limit=3", MINUTE_NOW - 2 * MINUTE, MINUTE_NOW, 3),
        ("limit=5000", MINUTE_NOW - 999 * MINUTE, MINUTE_NOW, 1000),
        ("limit=0", MINUTE_NOW - 499 * MINUTE, MINUTE_NOW, 500),
        (f"startTime={LISTED}&limit=2", LISTED, LISTED + MINUTE, 2),
        (f"startTime={LISTED + 1}&limit=2", LISTED + MINUTE, LISTED + 2 * MINUTE, 2),
        ("startTime=0&limit=1", LISTED, LISTED, 1),
        (f"startTime={LISTED * 1000}&limit=1", LISTED, LISTED, 1),
        (f"endTime={LISTED + HOUR}&limit=2", LISTED + 59 * MINUTE, LISTED + HOUR, 2),
        (f"startTime={LISTED}&endTime={LISTED + 2 * MINUTE}", LISTED, LISTED + 2 * MINUTE, 3),
        (f"startTime={LISTED}&endTime={LISTED}", LISTED, LISTED, 1),
        (f"startTime={LISTED}&endTime={LISTED + DAY}&limit=2", LISTED, LISTED + MINUTE, 2),
        (f"endTime={10**20 - 1}&limit=1", MINUTE_NOW, MINUTE_NOW, 1),
    ],
)
def test_which_rows_are_chosen(query: str, first: int, last: int, count: int) -> None:
    assert opens(query) == list(range(first, last + 1, MINUTE))
    assert len(opens(query)) == count


@pytest.mark.parametrize(
    "query",
    [
        f"startTime={NOW + 1}",
        f"endTime={LISTED - 1}",
        f"startTime={LISTED + HOUR}&endTime={LISTED}",
        f"startTime={LISTED - DAY}&endTime={LISTED - 1}",
    ],
)
def test_nothing_in_range_is_no_error(query: str) -> None:
    assert opens(query) == []


def test_a_row_has_twelve_elements_with_their_types() -> None:
    closed, running = ask("klines", "symbol=BTCUSDC&interval=1h&limit=2")
    for row in (closed, running):
        assert [type(cell).__name__[0] for cell in row] == list("isssssisisss")
        assert all(len(row[place].partition(".")[2]) == 8 for place in (1, 2, 3, 4, 5, 7, 9, 10))
        assert row[11] == "0"
        assert row[6] == row[0] + HOUR - 1
    assert closed[6] < NOW < running[6], "the candle in progress is the last row, with its scheduled close"


def test_microseconds_on_demand() -> None:
    ms, us = (ask("klines", "symbol=BTCUSDC&interval=1h&limit=1", scale=scale)[0] for scale in (1, 1000))
    assert (us[0], us[6]) == (ms[0] * 1000, ms[6] * 1000 + 999)
    assert ask("time") == {"serverTime": NOW}
    assert ask("time", scale=1000) == {"serverTime": NOW * 1000 + 123}


def test_ui_klines_has_the_same_shape() -> None:
    query = "symbol=BTCUSDC&interval=1d&limit=4"
    assert ask("uiKlines", query) == ask("klines", query)


@pytest.mark.parametrize(("zone", "shift"), [("8", 8 * HOUR), ("-1:00", -HOUR), ("05:45", 5 * HOUR + 45 * MINUTE)])
def test_a_time_zone_moves_the_edges_of_days(zone: str, shift: int) -> None:
    rows = ask("klines", f"symbol=BTCUSDC&interval=1d&limit=3&timeZone={zone}")
    assert {(row[0] + shift) % DAY for row in rows} == {0}


def test_a_just_closed_candle_may_lag() -> None:
    last = MINUTE_NOW - MINUTE
    assert last not in opens("limit=5", state(MINUTE_NOW + 400, rest_lag_ms=1_000))
    assert last in opens("limit=5", state(MINUTE_NOW + 1_000, rest_lag_ms=1_000))
    assert MINUTE_NOW in opens("limit=5", state(MINUTE_NOW + 400, rest_lag_ms=1_000))


ERRORS = [
    ("interval=1m", -1102),
    ("symbol=BTCUSDC", -1102),
    ("symbol=&interval=1m", -1105),
    ("symbol=BTCUSDC&interval=", -1105),
    ("symbol=btcusdc&interval=1m", -1100),
    ("symbol=BTC%20USDC&interval=1m", -1100),
    ("symbol=BTCUSDC&interval=1m&limit=-1", -1100),
    ("symbol=BTCUSDC&interval=1m&limit=1.5", -1100),
    ("symbol=BTCUSDC&interval=1m&startTime=abc", -1100),
    ("symbol=BTCUSDC&interval=1m&endTime=-5", -1100),
    ("symbol=BTCUSDC&interval=7m", -1120),
    ("symbol=BTCUSDC&interval=1D", -1120),
    ("symbol=BTCUSDC&interval=1mo", -1120),
    ("symbol=NOSUCH&interval=1m", -1121),
    ("symbol=BTCUSDC&interval=1m&timeZone=15", -1130),
    ("symbol=BTCUSDC&interval=1m&timeZone=-12:30", -1130),
    ("symbol=BTCUSDC&interval=1m&timeZone=x", -1130),
    ("symbol=BTCUSDC&interval=1m&foo=1", -1104),
    ("symbol=BTCUSDC&interval=1m&interval=1h", -1101),
    # of several faults the first in the order of checks is told
    ("symbol=BTCUSDC&symbol=&foo=1", -1101),
    ("foo=1", -1104),
    ("symbol=nosuch&interval=7m", -1100),
    ("symbol=NOSUCH&interval=7m", -1121),
    ("symbol=NOSUCH&interval=1m&limit=x", -1100),
]


@pytest.mark.parametrize(("query", "code"), ERRORS)
def test_errors_by_code(query: str, code: int) -> None:
    told, message = ask("klines", query)
    assert told == code
    assert message


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("symbol=NOSUCH", -1121),
        (listed("BTCUSDC", "NOSUCH"), -1121),
        (listed("BTCUSDC", "BTCUSDC"), -1151),
        ("symbols=BTCUSDC", -1100),
        (f"symbol=BTCUSDC&{listed('BTCUSDC')}", -1128),
        ("symbolStatus=NEW", -1122),
        ("symbolStatus=TRADING&symbol=BTCUSDC", -1128),
    ],
)
def test_errors_of_exchange_info(query: str, code: int) -> None:
    assert ask("exchangeInfo", query)[0] == code


def test_exchange_info_tells_what_is_traded() -> None:
    info = ask("exchangeInfo")
    assert [one["symbol"] for one in info["symbols"]] == ["BTCUSDC", "LTCUSDC"]
    assert info["timezone"] == "UTC"
    assert {one["rateLimitType"] for one in info["rateLimits"]} == {"REQUEST_WEIGHT", "ORDERS", "RAW_REQUESTS"}
    (btc,) = ask("exchangeInfo", "symbol=BTCUSDC")["symbols"]
    filters = {one["filterType"]: one for one in btc["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"
    assert (btc["status"], btc["baseAsset"], btc["quoteAsset"]) == ("TRADING", "BTC", "USDC")


def test_exchange_info_by_list_status_and_permission() -> None:
    halted = state(stops=(Stop(NOW - 1, None, "halt", ("LTCUSDC",)),))
    assert [one["symbol"] for one in ask("exchangeInfo", "symbolStatus=HALT", halted)["symbols"]] == ["LTCUSDC"]
    assert len(ask("exchangeInfo", listed("LTCUSDC", "BTCUSDC"))["symbols"]) == 2
    assert len(ask("exchangeInfo", "permissions=SPOT&showPermissionSets=false")["symbols"]) == 2


def test_a_delisted_symbol_is_unknown() -> None:
    gone = state(delisted=("LTCUSDC",))
    assert ask("klines", "symbol=LTCUSDC&interval=1m", gone)[0] == -1121
    assert [one["symbol"] for one in ask("exchangeInfo", "", gone)["symbols"]] == ["BTCUSDC"]
