"""Halts, outages and restatements: what they leave, and that rows are counted and paged over them."""

from decimal import Decimal

import pytest

from cryptostream.simulator.events import Events, Restatement, Stop
from cryptostream.simulator.grid import DAY, HOUR, MINUTE, SECOND
from cryptostream.simulator.listing import LISTED
from cryptostream.simulator.market import Line, View
from cryptostream.simulator.row import Row
from tests.unit.simulator.support import BUSY, MARKET, NOW, QUIET, sums

NOON = LISTED + 20 * DAY + 12 * HOUR
CUT = NOON + 39 * MINUTE + 41_647
RESUMED = NOON + 2 * HOUR
INCIDENT = Events((Stop(NOON - 32 * MINUTE, CUT, "halt"), Stop(CUT, RESUMED, "outage")))
"""The incident of 2023-03-24: 72 minutes without trades, 80 without candles."""


def rows(interval: str, start: int, end: int, events: Events, now: int = NOW) -> list[Row]:
    return MARKET.rows(Line(BUSY.name, interval), start, end - 1, 10**6, View(now, events))


def test_an_incident_looks_like_the_one_of_2023() -> None:
    minutes = rows("1m", NOON - HOUR, RESUMED + HOUR, INCIDENT)
    flat = [row for row in minutes if NOON - 32 * MINUTE <= row.open_time < RESUMED]
    assert [row.open_time for row in flat] == [NOON - 32 * MINUTE + i * MINUTE for i in range(72)]
    assert {row.trades for row in flat} == {0}
    assert len(minutes) == 4 * 60 - 80
    assert flat[-1].close_time == CUT - 1
    (cut,) = rows("1h", NOON, NOON + HOUR, INCIDENT)
    assert cut.close_time == CUT - 1
    assert rows("1h", NOON + HOUR, RESUMED, INCIDENT) == []
    (day,) = rows("1d", NOON - 12 * HOUR, NOON, INCIDENT)
    assert day.close_time == NOON + 12 * HOUR - 1


def test_rows_that_do_not_exist_are_not_counted() -> None:
    line, view = Line(BUSY.name, "1m"), View(NOW, INCIDENT)
    forward = MARKET.rows(line, CUT - 5 * MINUTE, None, 10, view)
    backward = MARKET.rows(line, None, forward[-1].open_time, 10, view)
    assert forward == backward
    assert len(forward) == 10
    assert forward[-1].open_time == RESUMED + 4 * MINUTE


@pytest.mark.parametrize("interval", ["1s", "1m", "1h"])
def test_no_foreknowledge_of_how_an_outage_ends(interval: str) -> None:
    during = CUT + 30 * MINUTE
    known = Events((Stop(CUT, RESUMED),))
    unknown = Events((Stop(CUT, None),))
    (last,) = MARKET.rows(Line(BUSY.name, interval), None, None, 1, View(during, known))
    assert last == MARKET.rows(Line(BUSY.name, interval), None, None, 1, View(during, unknown))[0]
    assert last.open_time < CUT


def test_a_stop_of_one_symbol_leaves_the_others() -> None:
    events = Events((Stop(NOON, None, symbols=(QUIET.name,)),))
    assert rows("1m", NOON, NOON + HOUR, events) == rows("1m", NOON, NOON + HOUR, Events())
    assert MARKET.rows(Line(QUIET.name, "1m"), NOON, None, 10, View(NOW, events)) == []


def test_an_outage_of_years_is_stepped_over_at_once() -> None:
    events = Events((Stop(LISTED + SECOND, NOW - HOUR),))
    line = Line(BUSY.name, "1s")
    assert [row.open_time for row in MARKET.rows(line, LISTED, None, 2, View(NOW, events))] == [
        LISTED,
        (NOW - HOUR) // SECOND * SECOND,
    ]
    assert MARKET.rows(line, None, NOW - HOUR - SECOND, 2, View(NOW, events))[0].open_time == LISTED


def test_a_halt_without_end_is_flat_at_the_last_price() -> None:
    events = Events((Stop(NOON, None, "halt"),))
    (before,) = rows("1s", NOON - SECOND, NOON, events)
    days = rows("1d", NOON + 12 * HOUR, NOW, events)
    assert len(days) > 30
    assert {price for row in days for price in (row.open, row.high, row.low, row.close)} == {before.close}
    assert {row.trades for row in days} == {0}


def test_a_restatement_doubles_volumes_and_keeps_prices() -> None:
    events = Events((), (Restatement(NOON, NOON + HOUR),))
    was, now = (rows("1m", NOON - HOUR, NOON + 2 * HOUR, one) for one in (Events(), events))
    assert [(r.open, r.high, r.low, r.close, r.trades, r.last_trade_id) for r in was] == [
        (r.open, r.high, r.low, r.close, r.trades, r.last_trade_id) for r in now
    ]
    for before, after in zip(was, now, strict=True):
        inside = NOON <= before.open_time < NOON + HOUR
        assert Decimal(after.volume) == Decimal(before.volume) * (2 if inside else 1)
        assert Decimal(after.quote_volume or 0) == Decimal(before.quote_volume or 0) * (2 if inside else 1)


def test_a_restatement_of_some_trades_is_small() -> None:
    events = Events((), (Restatement(NOON - DAY, NOON, every=50),))
    was, now = (sums(rows("1d", NOON - 12 * HOUR, NOON, one)) for one in (Events(), events))
    assert was[0] < now[0] < was[0] * Decimal("1.06")
