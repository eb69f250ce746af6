"""WebSockets over a real socket, with a client that is not ours."""

import json
import threading
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.frames import Opcode
from websockets.sync.client import ClientConnection, connect

from cryptostream.clock import ManualClock
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.grid import HOUR, MINUTE, SECOND
from cryptostream.simulator.limits import Limits
from cryptostream.simulator.simulator import running_simulator
from tests.unit.simulator.conftest import Exchange
from tests.unit.simulator.support import BUSY, NOW


def client(exchange: Exchange, path: str) -> ClientConnection:
    return connect(exchange.sim.addresses.stream + path, ping_interval=None)


def read(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=10))


def say(socket: ClientConnection, method: str, params: list[Any] | None = None, number: int = 1) -> Any:
    socket.send(json.dumps({"method": method, "id": number} | ({} if params is None else {"params": params})))
    return read(socket)


def closing(socket: ClientConnection) -> tuple[int, str] | None:
    """How the exchange ended the connection: code and reason, or None without a closing frame."""
    try:
        while True:
            socket.recv(timeout=10)
    except ConnectionClosed as end:
        return (end.rcvd.code, end.rcvd.reason) if end.rcvd else None


def test_raw_and_combined_frames(exchange: Exchange) -> None:
    with (
        client(exchange, "/ws/btcusdc@kline_1s") as raw,
        client(exchange, "/stream?streams=btcusdc@kline_1s/ltcusdc@kline_1s") as combined,
    ):
        exchange.clock.advance(SECOND)
        event = read(raw)
        assert {"e": "kline", "s": "BTCUSDC"}.items() <= event.items()
        assert {"i": "1s", "x": True, "B": "0"}.items() <= event["k"].items()
        assert 1 <= event["E"] - event["k"]["T"] - 1 < 7
        both = {frame["stream"]: frame["data"] for frame in (read(combined), read(combined))}
        assert set(both) == {"btcusdc@kline_1s", "ltcusdc@kline_1s"}
        assert both["btcusdc@kline_1s"] == event


def test_frames_tell_what_rest_tells(exchange: Exchange) -> None:
    with client(exchange, "/ws/btcusdc@kline_1m") as socket:
        exchange.clock.advance(3 * MINUTE)
        frames = [read(socket) for _ in range(3)]
    for frame in frames:
        k = frame["k"]
        row = exchange.klines(f"&startTime={k['t']}&limit=1").json()[0]
        assert row == [*(k[key] for key in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")), "0"]


def test_microseconds_by_parameter(exchange: Exchange) -> None:
    with client(exchange, "/stream?streams=btcusdc@kline_1s&timeUnit=MICROSECOND") as socket:
        exchange.clock.advance(SECOND)
        event = read(socket)["data"]
        assert event["k"]["T"] % 1_000_000 == 999_999
        assert event["E"] > event["k"]["T"]


def test_several_streams_in_an_address_that_is_encoded(exchange: Exchange) -> None:
    with client(exchange, "/ws/btcusdc%40kline_1m/ltcusdc@kline_1m") as socket:
        assert say(socket, "LIST_SUBSCRIPTIONS")["result"] == ["btcusdc@kline_1m", "ltcusdc@kline_1m"]


def test_subscribing_later_and_changing_the_form(exchange: Exchange) -> None:
    with client(exchange, "/ws") as socket:
        assert say(socket, "SUBSCRIBE", ["btcusdc@kline_1s"]) == {"result": None, "id": 1}
        exchange.clock.advance(SECOND)
        assert read(socket)["s"] == "BTCUSDC"
        assert say(socket, "SET_PROPERTY", ["combined", True])["result"] is None
        exchange.clock.advance(SECOND)
        assert read(socket)["stream"] == "btcusdc@kline_1s"
        assert say(socket, "UNSUBSCRIBE", ["btcusdc@kline_1s"])["result"] is None
        exchange.clock.advance(5 * SECOND)
        assert say(socket, "LIST_SUBSCRIPTIONS") == {"result": [], "id": 1}, "nothing came in between"


def test_an_unknown_stream_is_silent(exchange: Exchange) -> None:
    with client(exchange, "/ws/nosuch@kline_1s/btcusdc@nonsense") as socket:
        exchange.clock.advance(MINUTE)
        assert say(socket, "LIST_SUBSCRIPTIONS")["result"] == ["nosuch@kline_1s", "btcusdc@nonsense"]


def test_errors_come_wrapped(exchange: Exchange) -> None:
    with client(exchange, "/ws") as socket:
        socket.send("nonsense")
        assert read(socket)["error"]["code"] == 3
        assert say(socket, "NONSENSE")["error"]["code"] == 2


@pytest.mark.parametrize(("path", "status"), [("/stream/nonsense", 404), ("/nope", 404)])
def test_there_is_no_socket_elsewhere(exchange: Exchange, path: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused, client(exchange, path):
        pass
    assert refused.value.response.status_code == status


def test_a_plain_request_is_told_to_upgrade(exchange: Exchange) -> None:
    assert exchange.get("/ws", headers={"Upgrade": "websocket", "Connection": "Upgrade"}).status_code == 426


def test_more_than_five_messages_a_second_end_it(exchange: Exchange) -> None:
    with client(exchange, "/ws") as socket:
        for number in range(5):
            say(socket, "LIST_SUBSCRIPTIONS", number=number)
        exchange.clock.advance(SECOND)
        say(socket, "LIST_SUBSCRIPTIONS")
        for _ in range(5):
            socket.ping()
        assert closing(socket) == (1008, "Too many requests")


def test_1024_streams_and_no_more(exchange: Exchange) -> None:
    with client(exchange, "/ws") as socket:
        names = [f"coin{number}@kline_1m" for number in range(1025)]
        assert say(socket, "SUBSCRIBE", names)["error"] == {"code": 4, "msg": "Too many subscriptions"}
        assert say(socket, "SUBSCRIBE", names[1:])["result"] is None


def test_24_hours_and_no_longer(exchange: Exchange) -> None:
    with client(exchange, "/ws") as socket:
        exchange.clock.advance(24 * HOUR - 1)
        say(socket, "LIST_SUBSCRIPTIONS")
        exchange.clock.advance(1)
        assert closing(socket) == (1001, "24 hours are over")


def test_a_shutdown_is_announced_in_the_form_of_each(exchange: Exchange) -> None:
    with client(exchange, "/ws") as raw, client(exchange, "/stream") as combined:
        say(raw, "LIST_SUBSCRIPTIONS")
        say(combined, "LIST_SUBSCRIPTIONS")
        exchange.sim.announce_shutdown()
        event = {"e": "serverShutdown", "E": NOW}
        assert read(raw) == event
        assert read(combined) == {"stream": "!serverShutdown", "data": event}


def test_sockets_are_cut_without_a_word(exchange: Exchange) -> None:
    with client(exchange, "/ws") as one, client(exchange, "/ws") as other:
        say(one, "LIST_SUBSCRIPTIONS")
        say(other, "LIST_SUBSCRIPTIONS")
        assert exchange.sim.sockets() == 2
        exchange.sim.cut_sockets()
        assert closing(one) is None
        assert closing(other) is None


def test_cut_and_shutdown_over_http(exchange: Exchange) -> None:
    with client(exchange, "/ws") as socket:
        say(socket, "LIST_SUBSCRIPTIONS")
        exchange.http.post(exchange.sim.addresses.rest + "/_shutdown", timeout=5)
        assert read(socket)["e"] == "serverShutdown"
        exchange.http.post(exchange.sim.addresses.rest + "/_cut", timeout=5)
        assert closing(socket) is None


def test_refused_connections(exchange: Exchange) -> None:
    exchange.sim.faults.set(refuse_connections=True)
    with pytest.raises((ConnectionError, InvalidMessage)), client(exchange, "/ws"):
        pass


def test_a_silent_stream_beside_one_that_talks(exchange: Exchange) -> None:
    exchange.sim.faults.set(silent=("btcusdc@kline_1s",))
    with client(exchange, "/stream?streams=btcusdc@kline_1s/ltcusdc@kline_1s") as socket:
        for _ in range(3):
            exchange.clock.advance(SECOND)
            assert read(socket)["stream"] == "ltcusdc@kline_1s"


def test_a_late_close_is_sent_late(exchange: Exchange) -> None:
    exchange.sim.faults.set(delay_close_ms=3 * SECOND)
    with client(exchange, "/ws/btcusdc@kline_1s") as socket:
        exchange.clock.advance(3 * SECOND)
        say(socket, "LIST_SUBSCRIPTIONS")
        exchange.clock.advance(SECOND)
        event = read(socket)
        assert 3 * SECOND < event["E"] - event["k"]["T"] < 4 * SECOND


def test_pings_are_sent_and_who_does_not_answer_is_ended() -> None:
    config = SimulatorConfig(listings=(BUSY,), ping_seconds=0.05, pong_seconds=0.3)
    with (
        running_simulator(config, ManualClock(NOW)) as sim,
        connect(sim.addresses.stream + "/ws", ping_interval=None) as deaf,
    ):
        send = deaf.protocol.send_frame
        drop_pongs = lambda frame: None if frame.opcode is Opcode.PONG else send(frame)  # noqa: E731
        deaf.protocol.send_frame = drop_pongs  # type: ignore[method-assign]
        assert closing(deaf) == (1008, "Pong timeout")


def test_who_answers_pings_stays() -> None:
    config = SimulatorConfig(listings=(BUSY,), ping_seconds=0.02, pong_seconds=0.2, messages_per_second=10**6)
    with running_simulator(config, ManualClock(NOW)) as sim, connect(sim.addresses.stream + "/ws") as socket:
        seen = threading.Event()
        pings = []
        take = socket.protocol.recv_frame

        def count(frame: Any) -> None:
            pings.append(frame.opcode)
            if pings.count(Opcode.PING) > 20:
                seen.set()
            take(frame)

        socket.protocol.recv_frame = count  # type: ignore[method-assign]
        assert seen.wait(10)
        assert say(socket, "LIST_SUBSCRIPTIONS")["result"] == []


def test_attempts_to_connect_are_limited() -> None:
    config = SimulatorConfig(listings=(BUSY,), limits=Limits(attempts_per_5_minutes=2))
    with running_simulator(config, ManualClock(NOW)) as sim:
        for _ in range(2):
            with connect(sim.addresses.stream + "/ws"):
                pass
        with pytest.raises(InvalidStatus) as refused, connect(sim.addresses.stream + "/ws"):
            pass
        assert refused.value.response.status_code == 429


def test_who_does_not_read_is_cut_off() -> None:
    config = SimulatorConfig(listings=(BUSY,), backlog_bytes=1)
    clock = ManualClock(NOW)
    with running_simulator(config, clock) as sim, requests.Session() as http:
        address = sim.addresses.stream + "/ws/btcusdc@kline_1s"
        with connect(address, max_queue=1, ping_interval=None) as lazy:
            clock.advance(4 * HOUR)
            while sim.sockets():
                http.get(sim.addresses.rest + "/api/v3/ping", timeout=5)
            assert closing(lazy) is None
