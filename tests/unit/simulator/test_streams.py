"""What a stream sends, by moments of the exchange's clock: pace, closing updates, and what faults make of them."""

from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptostream.simulator.events import Stop
from cryptostream.simulator.grid import HOUR, MINUTE, SECOND, Grid
from cryptostream.simulator.listing import LISTED
from cryptostream.simulator.market import Line, View
from cryptostream.simulator.row import Push
from cryptostream.simulator.streams import CHUNK, LATEST, Position, Stream, beginning, due, stream_of
from tests.unit.simulator.support import BUSY, MARKET, NOW, state

SYMBOLS = frozenset({"BTCUSDC", "LTCUSDC"})


def stream(name: str) -> Stream:
    found = stream_of(name, SYMBOLS)
    assert found is not None
    return found


def watch(name: str, moments: list[int], **faults: Any) -> list[Push]:
    """Everything sent when the hub looks at these moments, subscribed at the first."""
    position, sent = beginning(moments[0]), list[Push]()
    for moment in moments:
        behind = True
        while behind:
            before = position
            position, pushes = due(stream(name), position, state(moment, **faults))
            sent += pushes
            behind = position != before
    return sent


def closes(pushes: list[Push]) -> list[int]:
    return [push.row.open_time for push in pushes if push.closed]


@pytest.mark.parametrize(
    "name",
    ["btcusdc@kline_7m", "btcusdc@trade", "BTCUSDC@kline_1m", "dogeusdc@kline_1m", "", "btcusdc@kline_1d@+15:00"],
)
def test_unknown_streams_are_none(name: str) -> None:
    assert stream_of(name, SYMBOLS) is None


def test_a_stream_may_have_a_time_zone() -> None:
    assert stream("btcusdc@kline_1d@+08:00").line == Line("BTCUSDC", "1d", 8 * HOUR)


@settings(max_examples=60)
@given(
    st.sampled_from(["btcusdc@kline_1s", "ltcusdc@kline_1m", "btcusdc@kline_5m"]),
    st.lists(st.integers(1, 200_000) | st.integers(1, 900), min_size=1, max_size=40),
)
def test_each_candle_is_closed_once_however_time_is_cut(name: str, steps: list[int]) -> None:
    moments = list(accumulate(steps, initial=NOW))
    pushes = watch(name, moments)
    grid = Grid(stream(name).line.interval)
    first, last = (moment - LATEST for moment in (moments[0], moments[-1]))
    expected = list(range(grid.floor(first // SECOND * SECOND), grid.floor(last), grid.next(0)))
    assert closes(pushes) == expected
    for push in pushes:
        if push.closed:
            assert 1 <= push.at - push.row.close_time - 1 < LATEST
    ordered = [(push.row.open_time, push.closed, push.row.trades) for push in pushes]
    assert ordered == sorted(ordered), "updates ascend: running, then closed, then the next candle"


def test_running_candles_are_sent_every_two_seconds_when_they_changed() -> None:
    start = NOW // HOUR * HOUR + HOUR
    pushes = watch("btcusdc@kline_1h", [start + ms for ms in range(0, 10 * MINUTE, 100)])
    running = [push for push in pushes if not push.closed]
    assert len(running) > 10
    assert {push.at % (2 * SECOND) for push in running} == {0}
    assert len({push.row.trades for push in running}) == len(running)
    for push in running:
        (seen,) = MARKET.rows(Line("BTCUSDC", "1h"), start, start, 1, View(push.at))
        assert push.row == seen


def test_candles_of_a_second_are_sent_closed_only() -> None:
    pushes = watch("btcusdc@kline_1s", [NOW + ms for ms in range(0, 30_000, 100)])
    assert all(push.closed for push in pushes)
    assert len(pushes) == 30


def test_a_leap_of_the_clock_is_caught_up_in_chunks() -> None:
    position, pushes = due(stream("btcusdc@kline_1s"), beginning(NOW - HOUR), state())
    assert len(pushes) == CHUNK
    assert position.until < NOW - LATEST


def test_the_market_that_is_not_listed_yet_is_silent() -> None:
    assert watch("btcusdc@kline_1s", [LISTED - 5 * SECOND, LISTED - SECOND]) == []


def test_an_outage_is_silent_and_its_cut_candle_is_never_closed() -> None:
    cut = NOW // HOUR * HOUR + 10 * MINUTE + 500
    stops = (Stop(cut, cut + 2 * HOUR),)
    moments = list(range(cut - MINUTE, cut + 2 * HOUR + 2 * MINUTE, 1_000))
    minutes = watch("btcusdc@kline_1m", moments, stops=stops)
    assert not [push for push in minutes if cut < push.at < cut + 2 * HOUR]
    assert cut // MINUTE * MINUTE not in closes(minutes)
    assert closes(minutes)[-1] == (cut + 2 * HOUR) // MINUTE * MINUTE
    assert cut // HOUR * HOUR not in closes(watch("btcusdc@kline_1h", moments, stops=stops))


def test_a_halt_goes_on_with_empty_candles() -> None:
    pushes = watch("btcusdc@kline_1m", [NOW, NOW + 5 * MINUTE], stops=(Stop(NOW - HOUR, None, "halt"),))
    assert len(closes(pushes)) == 5
    assert {(push.row.trades, push.row.first_trade_id, push.row.last_trade_id) for push in pushes} == {(0, -1, -1)}


MOMENTS = [NOW + second * SECOND for second in range(0, 1200, 20)]


def test_every_nth_close_is_dropped() -> None:
    every, kept = closes(watch("btcusdc@kline_1m", MOMENTS)), watch("btcusdc@kline_1m", MOMENTS, drop_close_every=4)
    assert closes(kept) == [time for time in every if time // MINUTE % 4]
    assert [push for push in kept if not push.closed], "the running updates still come"


def test_closes_are_dropped_with_a_probability_and_always_the_same() -> None:
    name, moments = "btcusdc@kline_1s", [NOW, NOW + 900 * SECOND]
    one, other = (closes(watch(name, moments, drop_close_probability=0.3)) for _ in range(2))
    assert one == other
    assert 500 < len(one) < 750
    assert closes(watch(name, moments, drop_close_probability=1.0)) == []


def test_closes_are_doubled() -> None:
    every = closes(watch("btcusdc@kline_1m", MOMENTS))
    assert closes(watch("btcusdc@kline_1m", MOMENTS, double_close_every=1)) == [t for t in every for _ in range(2)]


def test_closes_are_late() -> None:
    on_time, late = (watch("btcusdc@kline_1m", MOMENTS, delay_close_ms=delay) for delay in (0, 5_000))
    delays = {late.at - push.at for push, late in zip(on_time, late, strict=True) if push.closed}
    assert delays == {5_000}


def test_faults_of_closes_may_be_of_some_streams_only() -> None:
    faults = {"drop_close_probability": 1.0, "streams": "*@kline_1s"}
    assert closes(watch("btcusdc@kline_1m", MOMENTS, **faults))
    assert not closes(watch("btcusdc@kline_1s", MOMENTS, **faults))


def test_a_silent_stream_comes_back_without_what_it_missed() -> None:
    name = "btcusdc@kline_1m"
    position, pushes = due(stream(name), beginning(NOW), state(NOW + HOUR, silent=("btcusdc@*",)))
    assert pushes == []
    _, pushes = due(stream(name), position, state(NOW + HOUR + 2 * MINUTE))
    assert len(closes(pushes)) == 2


def test_a_delisted_symbol_says_nothing() -> None:
    assert watch("btcusdc@kline_1m", MOMENTS, delisted=(BUSY.name,)) == []


def test_a_clock_put_back_repeats_nothing() -> None:
    position = Position(NOW, NOW // 2000)
    assert due(stream("btcusdc@kline_1s"), position, state(NOW - HOUR)) == (position, [])
