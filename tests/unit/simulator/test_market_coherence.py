"""Whatever happens to a made-up market, its intervals agree, because all are folds of the same trades."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptostream.simulator.events import Events, Restatement, Stop
from cryptostream.simulator.grid import DAY, HOUR, MINUTE, NAMES, SECOND, Grid
from cryptostream.simulator.listing import LISTED
from cryptostream.simulator.made_up import MadeUpMarket
from cryptostream.simulator.market import Line, View
from cryptostream.simulator.row import Row
from tests.unit.simulator.support import BUSY, MARKET, NOW, QUIET, shape, sums

symbols = st.sampled_from([BUSY.name, QUIET.name])
times = st.integers(LISTED, NOW)
PARTS = {
    **dict.fromkeys(("1m", "3m", "5m", "15m", "30m"), "1s"),
    **dict.fromkeys(("1h", "2h", "4h", "6h", "8h", "12h", "1d"), "1m"),
    **dict.fromkeys(("3d", "1w"), "1h"),
    "1M": "1d",
}


@st.composite
def happenings(draw: st.DrawFn) -> tuple[int, Events]:
    """A time, and what happens around it."""
    time = draw(times)

    def window() -> tuple[int, int]:
        start = time + draw(st.integers(-2 * DAY, 2 * DAY) | st.integers(-2 * HOUR, 2 * HOUR))
        return start, start + draw(st.sampled_from([1, 999, 61_001, HOUR, 5 * HOUR + 7, 2 * DAY, 20 * DAY]))

    stops = (Stop(*window(), kind=draw(st.sampled_from(["halt", "outage"]))) for _ in range(draw(st.integers(0, 3))))
    changes = (Restatement(*window(), every=draw(st.integers(1, 5))) for _ in range(draw(st.integers(0, 2))))
    return time, Events(tuple(stops), tuple(changes))


UNDISTURBED = Events()


def rows(symbol: str, interval: str, start: int, end: int, events: Events = UNDISTURBED) -> list[Row]:
    return MARKET.rows(Line(symbol, interval), start, end - 1, 10**6, View(NOW, events))


@settings(max_examples=150)
@given(symbols, st.sampled_from(sorted(PARTS)), happenings())
def test_any_candle_is_the_sum_of_its_parts(symbol: str, interval: str, happening: tuple[int, Events]) -> None:
    time, events = happening
    grid = Grid(interval)
    opened = grid.floor(time)
    parts = rows(symbol, PARTS[interval], opened, grid.next(opened), events)
    whole = rows(symbol, interval, opened, opened + 1, events)
    if not whole:
        assert not parts
        return
    assert sums(whole) == sums(parts)
    if whole[0].trades:
        assert shape(whole) == shape(parts)
        traded = [part for part in parts if part.trades]
        assert (whole[0].first_trade_id, whole[0].last_trade_id) == (traded[0].first_trade_id, traded[-1].last_trade_id)


@settings(max_examples=100)
@given(symbols, st.sampled_from(["1s", "1m", "1h", "1d"]), happenings())
def test_trade_ids_have_no_holes_and_empty_candles_lie_flat(
    symbol: str, interval: str, happening: tuple[int, Events]
) -> None:
    time, events = happening
    found = MARKET.rows(Line(symbol, interval), Grid(interval).ceil(time), None, 40, View(NOW, events))
    last_id: int | None = None
    for row in found:
        if row.trades:
            assert row.first_trade_id is not None
            assert row.last_trade_id == row.first_trade_id + row.trades - 1
            assert last_id is None or row.first_trade_id == last_id + 1
            last_id = row.last_trade_id
    for before, row in pairwise(found):
        if not row.trades:
            assert (row.first_trade_id, row.last_trade_id) == (-1, -1)
            assert {row.open, row.high, row.low, row.close} == {before.close}
            assert not any(sums([row]))


@given(symbols, st.sampled_from(NAMES), times)
@settings(max_examples=60)
def test_a_candle_makes_sense(symbol: str, interval: str, time: int) -> None:
    row = rows(symbol, interval, Grid(interval).floor(time), time + 1)[-1]
    low, high = float(row.low), float(row.high)
    assert 0 < low <= min(float(row.open), float(row.close)) <= max(float(row.open), float(row.close)) <= high
    assert low * float(row.volume) * 0.9999 <= float(row.quote_volume or 0) <= high * float(row.volume) * 1.0001
    assert float(row.taker_buy_volume or 0) <= float(row.volume)
    assert row.close_time == Grid(interval).next(row.open_time) - 1


@settings(max_examples=40)
@given(symbols, st.sampled_from(NAMES), st.integers(0, 30 * DAY), st.integers(0, DAY))
def test_a_candle_in_progress_grows_into_the_closed_one(symbol: str, interval: str, age: int, later: int) -> None:
    now = NOW - age - later
    line = Line(symbol, interval)
    (early,) = MARKET.rows(line, None, None, 1, View(now))
    (late,) = MARKET.rows(line, early.open_time, early.open_time, 1, View(now + later))
    assert (early.open_time, early.close_time) == (late.open_time, late.close_time)
    assert (early.trades or 0) <= (late.trades or 0)
    assert all(one <= other for one, other in zip(sums([early]), sums([late]), strict=True))
    if early.trades:
        assert (early.open, early.first_trade_id) == (late.open, late.first_trade_id)


@pytest.mark.parametrize("zone", [8 * HOUR, -HOUR, 5 * HOUR + 45 * MINUTE])
def test_days_of_another_zone_are_folds_of_the_same_trades(zone: int) -> None:
    (day,) = MARKET.rows(Line(BUSY.name, "1d", zone), LISTED + 3 * DAY, None, 1, View(NOW))
    assert (day.open_time + zone) % DAY == 0
    assert sums([day]) == sums(rows(BUSY.name, "1m", day.open_time, day.open_time + DAY))


def test_nothing_exists_before_the_listing_and_trading_begins_with_it() -> None:
    assert rows(BUSY.name, "1m", 0, LISTED) == []
    assert MARKET.rows(Line(BUSY.name, "1d"), None, None, 5, View(LISTED - 1)) == []
    first = rows(BUSY.name, "1s", LISTED, LISTED + SECOND)[0]
    assert first.first_trade_id == 1
    week = rows(BUSY.name, "1w", 0, NOW)[0]
    assert week.open_time == LISTED - 2 * DAY, "the week of the listing opens on its Monday"
    assert week.first_trade_id == 1


ASK = """
from cryptostream.simulator.made_up import MadeUpMarket
from cryptostream.simulator.market import Line, View
market = MadeUpMarket(1)
for interval in ("1s", "15m", "1d", "1w"):
    print(market.rows(Line("ETHUSDC", interval), None, None, 20, View({now})))
"""


def test_a_restart_gives_the_same_bits() -> None:
    answers = {
        subprocess.run([sys.executable, "-c", ASK.format(now=NOW)], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    market = MadeUpMarket(1)
    here = [market.rows(Line("ETHUSDC", interval), None, None, 20, View(NOW)) for interval in ("1s", "15m", "1d", "1w")]
    assert answers == {"".join(f"{found}\n" for found in here)}


def test_the_market_of_a_seed_stays_what_it_was() -> None:
    (row,) = MadeUpMarket(1).rows(Line("BTCUSDC", "1h"), NOW - 5 * HOUR, None, 1, View(NOW))
    kept = ("106969.39000000", "106541.34000000", "14.82007000", "1655", "2422400")
    assert (row.open, row.close, row.volume, str(row.trades), str(row.last_trade_id)) == kept


def test_another_seed_is_another_market() -> None:
    one, other = (MadeUpMarket(seed).rows(Line("BTCUSDC", "1d"), None, None, 30, View(NOW)) for seed in (1, 2))
    assert [row.close for row in one] != [row.close for row in other]
