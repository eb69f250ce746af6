"""The live feed against the simulated exchange, with its faults."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from cryptostream.clock import ScaledClock
from cryptostream.core.market.candle import Candle
from cryptostream.core.market.interval import DAY
from cryptostream.core.market.series import Series
from cryptostream.core.ports import FeedCandle, FeedSeam
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.listing import LISTED, Listing
from cryptostream.simulator.simulator import Simulator, running_simulator
from tests.support.feed import Listener, following, wait

BTC = Listing("BTC", "USDC", 2, 5, 9_435_000, 900, trades_per_day=4_000)
LTC = Listing("LTC", "USDC", 2, 3, 10_310, 2_000, trades_per_day=300, quiet=64)
BTC_1S, LTC_1S, BTC_1M, LTC_1M = (
    Series(symbol, interval) for interval in ("1s", "1m") for symbol in ("BTCUSDC", "LTCUSDC")
)
SECONDS = frozenset({BTC_1S, LTC_1S})
ALL = SECONDS | {BTC_1M, LTC_1M}
SPEED = 40.0


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """An hour after midnight, at forty times the wall's pace."""
    clock = ScaledClock(LISTED + 60 * DAY + 3_600_000, SPEED)
    with running_simulator(SimulatorConfig(seed=7, listings=(BTC, LTC)), clock) as simulator:
        yield simulator


def opened(sim: Simulator) -> int:
    """How many WebSockets were ever opened."""
    return sum(count for (_, status), count in sim.answers().items() if status == 101)


def follow(sim: Simulator, series: frozenset[Series], **settings: Any) -> AbstractContextManager[Listener]:
    return following((sim.addresses.stream,), sim.clock, series, **settings)


def stated(candle: Candle) -> tuple[object, ...]:
    volumes = (candle.volume, candle.quote_volume, candle.taker_buy_volume, candle.taker_buy_quote_volume)
    ids = (candle.first_trade_id, candle.last_trade_id)
    return (candle.close_time, candle.open, candle.high, candle.low, candle.close, *volumes, candle.trades, *ids)


def assert_nothing_missing(sim: Simulator, heard: Listener, series: frozenset[Series]) -> None:
    """From the first seam to the last candle told, every closed candle was told, as the exchange has it."""
    for each in series:
        begun = heard.begun(each)  # a candle from before may come too, if it closes just as the stream begins
        told = {c.open_time: stated(c) for c in heard.candles(each) if c.open_time >= begun}
        truth = sim.truth(each, begun, max(told, default=begun - 1) + 1)
        expected = {
            row.open_time: (
                *(row.close_time, row.open, row.high, row.low, row.close),
                *(row.volume, row.quote_volume, row.taker_buy_volume, row.taker_buy_quote_volume, row.trades),
                *((None if number == -1 else number) for number in (row.first_trade_id, row.last_trade_id)),
            )
            for row in truth
        }
        assert told == expected, each


def test_each_closed_candle_is_told_once_as_the_exchange_has_it(sim: Simulator) -> None:
    with follow(sim, ALL) as heard:
        heard.wait_more(BTC_1M, 2)
        heard.wait_more(LTC_1M, 1)
        assert_nothing_missing(sim, heard, ALL)
        opens = [
            (event.candle.series, event.candle.open_time) for event in heard.events if isinstance(event, FeedCandle)
        ]
        assert len(opens) == len(set(opens))
        assert all(candle.source == "websocket" for candle in heard.candles(BTC_1S))
        assert heard.feed.snapshot().updates > len(heard.events), "running candles are counted, not told"
        assert heard.events[0] == heard.seams[0]
        assert heard.seams[0].series == ALL


def test_after_a_cut_the_series_flow_again_behind_a_seam(sim: Simulator) -> None:
    with follow(sim, SECONDS) as heard:
        heard.wait_more(BTC_1S)
        since = len(heard.events)
        sim.cut_sockets()
        wait(lambda: len(heard.seams) == 2, "a second seam")
        assert heard.seams[1].series == SECONDS
        heard.wait_more(BTC_1S, 10)
        later = heard.candles(BTC_1S, since=heard.events.index(heard.seams[1]))
        opens = [candle.open_time for candle in later]
        assert opens == list(range(opens[0], opens[-1] + 1, 1000))
        assert opens[0] <= heard.seams[1].at
        assert since
        assert heard.feed.snapshot().reconnects == 1


def test_a_server_that_shuts_down_is_left_without_a_lost_candle(sim: Simulator) -> None:
    with follow(sim, ALL) as heard:
        heard.wait_more(BTC_1S)
        sim.announce_shutdown()
        wait(lambda: opened(sim) == 2, "a second connection")
        wait(lambda: sim.sockets() == 1, "the first one is closed")
        heard.wait_more(BTC_1S)
        heard.wait_more(BTC_1M, 1)
        assert_nothing_missing(sim, heard, ALL)


def test_an_old_connection_is_replaced_without_a_lost_candle(sim: Simulator) -> None:
    with follow(sim, ALL, max_age_seconds=120) as heard:
        wait(lambda: opened(sim) >= 3, "replaced twice")
        heard.wait_more(BTC_1S)
        assert_nothing_missing(sim, heard, ALL)


def test_only_the_silent_series_is_subscribed_anew(sim: Simulator) -> None:
    with follow(sim, ALL, silence_seconds=20) as heard:
        heard.wait_more(BTC_1S)
        sim.faults.set(silent=("btcusdc@kline_1s",))
        wait(lambda: len(heard.seams) >= 2, "a seam of its own")
        assert {seam.series for seam in heard.seams[1:]} == {frozenset({BTC_1S})}
        assert opened(sim) == 1
        sim.faults.set(silent=())
        heard.wait_more(BTC_1S)
        assert_nothing_missing(sim, heard, ALL - {BTC_1S})


def test_a_doubled_close_is_told_twice(sim: Simulator) -> None:
    with follow(sim, SECONDS) as heard:
        sim.faults.set(double_close_every=2)
        heard.wait_more(BTC_1S, 8)
        opens = [candle.open_time for candle in heard.candles(BTC_1S)]
        assert any(opens.count(open_time) == 2 for open_time in opens)


def test_a_changed_set_is_applied_as_a_difference(sim: Simulator) -> None:
    with follow(sim, frozenset({BTC_1S, BTC_1M})) as heard:
        heard.wait_more(BTC_1S)
        heard.feed.subscribe(frozenset({BTC_1S, LTC_1S}))
        heard.wait_flowing(frozenset({LTC_1S}))
        heard.wait_more(LTC_1S)
        since = len(heard.events)
        heard.wait_more(BTC_1S, 70)
        assert heard.seams[-1].series == {LTC_1S}
        assert opened(sim) == 1
        assert not heard.candles(BTC_1M, since=since)
        assert_nothing_missing(sim, heard, SECONDS)


def test_a_series_resubscribed_by_hand_has_a_seam_of_its_own(sim: Simulator) -> None:
    with follow(sim, ALL) as heard:
        heard.wait_more(BTC_1S)
        heard.feed.resubscribe(LTC_1S)
        wait(lambda: len(heard.seams) == 2, "its seam")
        assert heard.seams[1].series == {LTC_1S}
        heard.wait_more(LTC_1S)
        assert_nothing_missing(sim, heard, ALL - {LTC_1S, LTC_1M})


def test_many_series_are_spread_and_subscribed_at_the_pace_allowed(sim: Simulator) -> None:
    """Unknown symbols are silent, but subscribed like any other."""
    many = frozenset(Series(f"COIN{number}USDC", "1m") for number in range(1100)) | SECONDS
    with follow(sim, many, streams_per_connection=800) as heard:
        heard.wait_flowing(many)
        heard.wait_more(BTC_1S)
        assert sim.sockets() == 2
        assert max(len(seam.series) for seam in heard.seams) <= 200
        assert heard.feed.snapshot().reconnects == 0


def test_the_next_endpoint_is_used_when_one_does_not_answer(sim: Simulator) -> None:
    with following(("ws://127.0.0.1:9", sim.addresses.stream), sim.clock, SECONDS) as heard:
        heard.wait_more(BTC_1S)
        assert_nothing_missing(sim, heard, SECONDS)


def test_an_exchange_that_was_away_is_found_again(sim: Simulator) -> None:
    with follow(sim, SECONDS) as heard:
        heard.wait_more(BTC_1S)
        sim.faults.set(refuse_connections=True)
        sim.cut_sockets()
        wait(lambda: heard.feed.snapshot().connections == 0, "no connection")
        wait(lambda: heard.feed.snapshot().last_error, "an error to be read")
        heard.feed.subscribe(ALL)
        sim.faults.set(refuse_connections=False)
        heard.wait_flowing(ALL)
        heard.wait_more(LTC_1S)


def test_while_the_address_is_banned_no_connection_is_opened(sim: Simulator) -> None:
    with follow(sim, SECONDS) as heard:
        heard.wait_flowing(SECONDS)
        before = opened(sim)
        heard.feed.hold(sim.clock.now() + DAY)
        sim.cut_sockets()
        wait(lambda: sim.sockets() == 0 and heard.feed.snapshot().connections == 0, "the connection has ended")
        until = sim.clock.now() + 60_000
        wait(lambda: sim.clock.now() > until, "it would have been opened again by now")
        assert opened(sim) == before
        heard.feed.hold(0)
        wait(lambda: opened(sim) > before, "the ban is over")
        heard.wait_more(BTC_1S)


def test_nothing_is_left_after_close(sim: Simulator) -> None:
    with follow(sim, ALL, streams_per_connection=1) as heard:
        heard.wait_flowing(ALL)
        assert sim.sockets() == 4
    wait(lambda: sim.sockets() == 0, "all are closed")
    assert "live-feed" not in {thread.name for thread in threading.enumerate()}
    heard.feed.close()
    told = len(heard.events)
    heard.feed.subscribe(SECONDS)
    heard.feed.resubscribe(BTC_1S)
    assert len(heard.events) == told
    assert isinstance(heard.events[0], FeedSeam)
