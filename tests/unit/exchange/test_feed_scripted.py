"""The live feed against a server that does what the simulated exchange does not."""

import contextlib
import itertools
import json
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response
from websockets.sync.server import ServerConnection

from cryptostream.clock import ManualClock, ScaledClock
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import FeedEvent, FeedReject
from cryptostream.exchange.feed_plan import delay, stream_name
from cryptostream.exchange.websocket import BinanceFeed
from tests.support.feed import SHUTDOWN, Listener, following, frame, scripted, wait

BTC_1S, LTC_1S = Series("BTCUSDC", "1s"), Series("LTCUSDC", "1s")
ONE, BOTH = frozenset({BTC_1S}), frozenset({BTC_1S, LTC_1S})
START: Millis = 1_750_000_000_000
SPEED = 100.0


@pytest.fixture
def clock() -> ScaledClock:
    return ScaledClock(START, SPEED)


def listen(socket: ServerConnection, seconds: float | None = None) -> dict[str, Any] | None:
    """The next request, or None if none comes within `seconds`."""
    with contextlib.suppress(TimeoutError):
        read: dict[str, Any] = json.loads(socket.recv(timeout=seconds))
        return read
    return None


def flow(socket: ServerConnection, clock: ScaledClock, refusals: list[dict[str, Any]] | None = None) -> None:
    """Send each closed candle of what is subscribed, until the client goes; `refusals` are the first answers."""
    assert socket.request is not None
    series = {each for each in BOTH if stream_name(each) in socket.request.path}
    told = clock.now() // 1000 - 1
    with contextlib.suppress(ConnectionClosed):
        while True:
            asked = listen(socket, 0.005)
            if asked and refusals:
                socket.send(json.dumps(refusals.pop()))
            elif asked:
                named = {each for each in BOTH if stream_name(each) in asked["params"]}
                series = series | named if asked["method"] == "SUBSCRIBE" else series - named
                socket.send(json.dumps({"result": None, "id": asked["id"]}))
            while told < clock.now() // 1000 - 1:
                told += 1
                for each in sorted(series):
                    socket.send(frame(each, told * 1000))


def stay(socket: ServerConnection) -> None:
    """Say nothing until the client goes."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.recv()


def flows(heard: Listener) -> None:
    heard.wait_more(BTC_1S)


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(status, "Said", Headers({"Content-Length": str(len(body)), **named}), body)


def test_a_new_connection_that_does_not_flow_does_not_replace_one_that_does(clock: ScaledClock) -> None:
    def script(number: int, socket: ServerConnection) -> None:
        if number == 0:
            socket.send(SHUTDOWN)
            flow(socket, clock)
        elif number < 3:
            stay(socket)
        else:
            flow(socket, clock)

    with scripted(script) as server, following((server.url,), clock, ONE) as heard:
        wait(lambda: server.handshakes == 4, "those that are silent are given up")
        flows(heard)
        opens = [candle.open_time for candle in heard.candles(BTC_1S)]
        assert sorted(set(opens)) == list(range(min(opens), max(opens) + 1, 1000)), "nothing was lost meanwhile"


def test_a_connection_on_which_nothing_comes_any_more_is_replaced(clock: ScaledClock) -> None:
    def script(number: int, socket: ServerConnection) -> None:
        if number == 0:
            socket.send(frame(BTC_1S, START))
            stay_and_agree(socket)
        else:
            flow(socket, clock)

    with scripted(script) as server, following((server.url,), clock, ONE) as heard:
        wait(lambda: server.handshakes == 2, "another connection")
        flows(heard)


def stay_and_agree(socket: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            asked = listen(socket)
            socket.send(json.dumps({"result": None, "id": asked["id"] if asked else None}))


def test_an_endpoint_that_opens_and_closes_gives_way_to_the_next(clock: ScaledClock) -> None:
    def useless(_: int, socket: ServerConnection) -> None:
        socket.close()

    with (
        scripted(useless) as bad,
        scripted(lambda _, socket: flow(socket, clock)) as good,
        following((bad.url, good.url), clock, ONE) as heard,
    ):
        flows(heard)
        assert good.handshakes == 1


@pytest.mark.parametrize("status", [403, 451, 500, 503, 404])
def test_a_refused_handshake_leads_to_the_next_endpoint(clock: ScaledClock, status: int) -> None:
    refused = answer(status, b"<html>no</html>")
    with (
        scripted(lambda *_: None, lambda _: refused) as bad,
        scripted(lambda _, socket: flow(socket, clock)) as good,
        following((bad.url, good.url), clock, ONE) as heard,
    ):
        flows(heard)
        assert bad.handshakes == 1


@pytest.mark.parametrize("status", [429, 418])
def test_retry_after_is_waited_for_whatever_the_endpoint(status: int) -> None:
    """A limit is the address's, not the endpoint's."""
    clock = ScaledClock(START, SPEED)
    times: list[Millis] = []

    def refuse(number: int) -> Response | None:
        times.append(clock.now())
        return answer(status, b"{}", Retry_After="60") if number == 0 else None

    with (
        scripted(lambda _, socket: flow(socket, clock), refuse) as first,
        scripted(lambda _, socket: flow(socket, clock), lambda _: times.append(clock.now())) as second,
        following((first.url, second.url), clock, ONE) as heard,
    ):
        flows(heard)
        assert times[1] - times[0] >= 59_000


def test_a_change_is_applied_to_the_old_connection_while_no_new_one_can_be_had(clock: ScaledClock) -> None:
    def script(_: int, socket: ServerConnection) -> None:
        socket.send(SHUTDOWN)
        flow(socket, clock)

    with (
        scripted(script, lambda number: answer(503) if number else None) as server,
        following((server.url,), clock, ONE) as heard,
    ):
        wait(lambda: server.handshakes >= 3, "no new connection")
        heard.feed.subscribe(BOTH)
        heard.wait_flowing(BOTH)
        heard.wait_more(LTC_1S)


def test_a_frame_that_is_none_is_told_and_the_others_count(clock: ScaledClock) -> None:
    def script(_: int, socket: ServerConnection) -> None:
        socket.send("nonsense")
        socket.send('{"stream":"x","data":{"e":"kline","E":1,"k":{"s":"BTCUSDC"}}}')
        socket.send(b"\xff\xfe")
        socket.send('{"stream":"!other","data":{"e":"news"}}')
        flow(socket, clock)

    with scripted(script) as server, following((server.url,), clock, ONE) as heard:
        flows(heard)
        assert [each.reason for each in heard.rejects] == ["malformed"] * 3
        assert heard.rejects[0] == FeedReject("malformed", "nonsense")
        assert server.handshakes == 1


@pytest.mark.parametrize(
    "refusal",
    [
        {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 1},
        {"code": 2, "msg": "Invalid request", "id": 1},
        {"error": {"code": 3, "msg": "Invalid JSON"}},
    ],
    ids=["wrapped", "as documented", "without id"],
)
def test_a_refused_subscription_is_told_and_tried_again(clock: ScaledClock, refusal: dict[str, Any]) -> None:
    refusals = [refusal]
    with (
        scripted(lambda _, socket: flow(socket, clock, refusals)) as server,
        following((server.url,), clock, ONE, silence_seconds=20) as heard,
    ):
        heard.wait_flowing(ONE)
        heard.feed.subscribe(BOTH)
        heard.wait_flowing(BOTH)
        heard.wait_more(LTC_1S)
        assert (refusals, server.handshakes) == ([], 1)


def test_who_listens_badly_does_not_end_the_feed(clock: ScaledClock) -> None:
    told: list[FeedEvent] = []

    def listener(event: FeedEvent) -> None:
        told.append(event)
        if len(told) == 3:
            raise RuntimeError("listened badly")

    with scripted(lambda _, socket: flow(socket, clock)) as server:
        feed = BinanceFeed((server.url,), clock, listener)
        try:
            feed.subscribe(ONE)
            wait(lambda: len(told) > 6, "it goes on")
            assert "listened badly" in str(feed.snapshot().last_error)
        finally:
            feed.close()


def test_a_back_off_goes_by_the_clock() -> None:
    clock = ManualClock(START)
    times: list[Millis] = []

    def refuse(_: int) -> Response:
        times.append(clock.now())
        return answer(503)

    def five() -> bool:
        clock.advance(50)
        return len(times) >= 5

    with scripted(lambda *_: None, refuse) as server, following((server.url,), clock, ONE, luck=lambda: 0.0):
        wait(five, "five attempts")
    gaps = [later - earlier for earlier, later in itertools.pairwise(times[:5])]
    assert all(gap >= delay(failures, 0.0) for failures, gap in enumerate(gaps, start=1))
