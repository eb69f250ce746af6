"""REST over real HTTP: headers, limits, bans, and each fault as a switch."""

import socket
from typing import Any

import pytest
import requests

from cryptostream.core.market.series import Series
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.events import Restatement, Stop
from cryptostream.simulator.grid import HOUR, MINUTE
from cryptostream.simulator.simulator import Simulator
from tests.unit.simulator.conftest import Exchange
from tests.unit.simulator.support import NOW


def test_a_connection_is_kept_alive(exchange: Exchange) -> None:
    with socket.create_connection(exchange.sim.addresses.rest[7:].split(":"), timeout=5) as raw:  # type: ignore[arg-type]
        for _ in range(3):
            raw.sendall(b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = raw.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert answer.endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /_faults HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x" * 200_000,
    ],
)
def test_who_speaks_no_http_is_hung_up_on(exchange: Exchange, sent: bytes) -> None:
    with socket.create_connection(exchange.sim.addresses.rest[7:].split(":"), timeout=5) as raw:  # type: ignore[arg-type]
        try:
            raw.sendall(sent)
            assert raw.recv(4096) == b""
        except ConnectionResetError:
            pass
    assert exchange.get("/api/v3/ping").status_code == 200


def test_the_used_weight_is_told_and_begins_anew_each_minute(exchange: Exchange) -> None:
    used = [exchange.klines().headers["x-mbx-used-weight-1m"] for _ in range(3)]
    assert used == ["2", "4", "6"]
    assert exchange.get("/api/v3/exchangeInfo").headers["X-MBX-USED-WEIGHT-1M"] == "26"
    exchange.clock.set((NOW // MINUTE + 1) * MINUTE)
    assert exchange.get("/api/v3/time").headers["X-MBX-USED-WEIGHT-1M"] == "1"


def test_too_much_is_429_and_going_on_is_418(exchange: Exchange) -> None:
    for _ in range(5):
        assert exchange.get("/api/v3/exchangeInfo").status_code == 200
    refused = exchange.klines()
    assert (refused.status_code, refused.json()["code"]) == (429, -1003)
    assert refused.headers["Retry-After"] == str(-((NOW - (NOW // MINUTE + 1) * MINUTE) // 1000))
    assert exchange.klines().status_code == 429
    banned = exchange.klines()
    assert (banned.status_code, banned.headers["Retry-After"]) == (418, "120")
    assert f"IP banned until {NOW + 120_000}." in banned.json()["msg"]
    exchange.clock.advance(119_999)
    assert exchange.get("/api/v3/ping").status_code == 418
    exchange.clock.advance(1)
    assert exchange.get("/api/v3/ping").status_code == 200


def test_microseconds_by_header(exchange: Exchange) -> None:
    for value in ("MICROSECOND", "microsecond"):
        row = exchange.klines("&limit=1", headers={"X-MBX-TIME-UNIT": value}).json()[0]
        assert row[6] % 1_000_000 == 999_999


def test_what_is_not_there(exchange: Exchange) -> None:
    plain, page = exchange.get("/api/v1/klines"), exchange.get("/nope", headers={"Accept": "text/html"})
    assert (plain.status_code, plain.text) == (404, "")
    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html")
    assert exchange.http.post(exchange.sim.addresses.rest + "/api/v3/klines", timeout=5).status_code == 405


@pytest.mark.parametrize(
    ("faults", "status", "code"),
    [
        ({"too_many_next": 1}, 429, -1003),
        ({"ban_seconds": 60}, 418, -1003),
        ({"blocked": True}, 451, 0),
        ({"fail_next": 1}, 503, -1008),
        ({"fail_next": 1, "fail_status": 504}, 504, -1007),
        ({"fail_next": 1, "fail_status": 500}, 500, -1000),
    ],
)
def test_faults_that_answer(exchange: Exchange, faults: dict[str, Any], status: int, code: int) -> None:
    exchange.sim.faults.set(**faults)
    answer = exchange.klines()
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) == (status in {418, 429})


def test_faults_of_the_next_answers_wear_off(exchange: Exchange) -> None:
    exchange.sim.faults.set(too_many_next=2)
    assert [exchange.klines().status_code for _ in range(3)] == [429, 429, 200]
    exchange.sim.faults.set(fail_next=2)
    assert [exchange.klines().status_code for _ in range(3)] == [503, 503, 200]
    exchange.sim.faults.set(fail_every=3)
    assert [exchange.klines().status_code for _ in range(6)].count(503) == 2


def test_a_ban_by_switch_ends_by_the_clock(exchange: Exchange) -> None:
    exchange.sim.faults.set(ban_seconds=90)
    assert exchange.klines().headers["Retry-After"] == "90"
    exchange.clock.advance(90_000)
    assert exchange.klines().status_code == 200


def test_a_page_of_html_instead_of_json(exchange: Exchange) -> None:
    exchange.sim.faults.set(html_forbidden=True)
    answer = exchange.klines()
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_half_a_body(exchange: Exchange) -> None:
    exchange.sim.faults.set(truncate_next=1)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        exchange.klines().json()
    assert len(exchange.klines().json()) == 500


def test_an_answer_that_does_not_come_in_time(exchange: Exchange) -> None:
    exchange.sim.faults.set(answer_delay_seconds=30.0)
    with pytest.raises(requests.exceptions.ReadTimeout):
        exchange.http.get(exchange.sim.addresses.rest + "/api/v3/ping", timeout=0.1)


def test_refused_connections(exchange: Exchange) -> None:
    exchange.sim.faults.set(refuse_connections=True)
    with pytest.raises(requests.exceptions.ConnectionError):
        exchange.klines()
    exchange.http.post(exchange.sim.addresses.rest + "/_faults", json={"refuse_connections": False}, timeout=5)
    assert exchange.klines().status_code == 200


def test_faults_of_some_paths_only(exchange: Exchange) -> None:
    exchange.sim.faults.set(blocked=True, paths="/api/v3/klines")
    assert exchange.klines().status_code == 451
    assert exchange.get("/api/v3/time").status_code == 200


def test_the_clock_of_the_exchange_may_be_off(exchange: Exchange) -> None:
    exchange.sim.faults.set(clock_offset_ms=-HOUR)
    assert exchange.get("/api/v3/time").json() == {"serverTime": NOW - HOUR}
    assert exchange.klines("&limit=1").json()[0][0] == (NOW - HOUR) // MINUTE * MINUTE


def test_what_was_answered_is_told(exchange: Exchange) -> None:
    exchange.klines()
    told = exchange.get("/_answers").json()
    assert {"path": "/api/v3/klines", "status": 200, "count": 1} in told["answers"]
    assert told["sockets"] == exchange.sim.sockets() == 0


def test_restated_history_is_the_truth_from_then_on(exchange: Exchange) -> None:
    start, series = NOW // HOUR * HOUR - 5 * HOUR, Series("BTCUSDC", "1h")
    was = exchange.sim.truth(series, start, start + HOUR)
    exchange.sim.faults.set(restatements=(Restatement(start, start + HOUR, every=2),))
    now = exchange.sim.truth(series, start, start + HOUR)
    assert (was[0].close, was[0].trades) == (now[0].close, now[0].trades)
    assert float(was[0].volume) < float(now[0].volume)
    answered = exchange.get(f"/api/v3/klines?symbol=BTCUSDC&interval=1h&startTime={start}&limit=1").json()
    assert answered[0][5] == now[0].volume


def test_the_truth_is_what_has_closed_whatever_rest_says(exchange: Exchange) -> None:
    exchange.sim.faults.set(blocked=True, rest_lag_ms=600_000, stops=(Stop(NOW - HOUR, NOW - HOUR // 2),))
    rows = exchange.sim.truth(Series("BTCUSDC", "1m"), NOW - 2 * HOUR, NOW + HOUR)
    assert rows[-1].open_time == NOW // MINUTE * MINUTE - MINUTE
    assert len(rows) == 120 - 1 - 29
    told = exchange.get(f"/_truth?symbol=BTCUSDC&interval=1m&start={NOW - 2 * HOUR}&end={NOW + HOUR}").json()
    assert [row["open_time"] for row in told] == [row.open_time for row in rows]
    assert told[0]["quote_volume"] == rows[0].quote_volume


@pytest.mark.parametrize(
    "query", ["", "symbol=NO&interval=1m&start=0&end=1", "symbol=BTCUSDC&interval=1m&start=x&end=1"]
)
def test_a_question_for_the_truth_that_makes_no_sense(exchange: Exchange, query: str) -> None:
    assert exchange.get(f"/_truth?{query}").status_code == 400


def test_faults_are_turned_over_http_too(exchange: Exchange) -> None:
    url = exchange.sim.addresses.rest + "/_faults"
    assert exchange.http.post(url, json={"silent": ["*@kline_1s"], "fail_next": 3}, timeout=5).status_code == 200
    stop = {"start": NOW, "kind": "halt"}
    told = exchange.http.post(url, json={"stops": [stop]}, timeout=5).json()
    assert (told["silent"], told["fail_next"], told["stops"][0]["end"]) == (["*@kline_1s"], 3, None)
    assert exchange.sim.faults.value.stops == (Stop(NOW, None, "halt"),)
    assert exchange.get("/_faults").json() == told
    assert exchange.http.delete(url, timeout=5).json()["silent"] == []


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '{"fail_next":-1}',
        '{"restatements":[{"start":0,"end":1,"every":0}]}',
        '{"nonsense":1}',
        '{"blocked":"yes"}',
        '{"ban_seconds":"x"}',
    ],
)
def test_a_fault_that_is_none_changes_nothing(exchange: Exchange, body: str) -> None:
    before = exchange.sim.faults.value
    answer = exchange.http.post(exchange.sim.addresses.rest + "/_faults", data=body, timeout=5)
    assert answer.status_code == 400
    assert "docs/simulator.md" in answer.json()["error"]
    assert exchange.sim.faults.value == before


def test_a_fault_that_is_none_is_told_in_python() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        Simulator().faults.set(nonsense=1)


def test_answers_are_counted(exchange: Exchange) -> None:
    exchange.klines()
    exchange.get("/nope")
    assert exchange.sim.answers() == {("/api/v3/klines", 200): 1, ("/nope", 404): 1}


def test_a_port_that_is_taken_is_told(exchange: Exchange) -> None:
    port = int(exchange.sim.addresses.rest.rpartition(":")[2])
    with pytest.raises(OSError, match="address already in use"):
        Simulator(SimulatorConfig(port=port)).start()


def test_stopping_twice_and_asking_before_the_start(exchange: Exchange) -> None:
    exchange.sim.stop()
    exchange.sim.stop()
    exchange.sim.cut_sockets()
    with pytest.raises(RuntimeError, match="before start"):
        _ = Simulator().addresses
