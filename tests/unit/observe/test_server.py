"""The endpoints over real HTTP on loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse

import pytest

from cryptostream.core.result import Err, Ok
from cryptostream.observe.server import Pages, StatusServer, start_server


class World:
    """What the pages tell, to be changed by a test."""

    sick: str | None = None
    starting: str | None = "no candle stored yet"

    def status(self) -> bytes:
        return b'{"schema":1}'

    def pages(self) -> Pages:
        return Pages(lambda: b"metric 1\n", self.status, lambda: self.sick, lambda: self.starting)


def started(pages: Pages, port: int = 0, ports_tried: int = 20) -> StatusServer:
    done = start_server(pages, port, ports_tried=ports_tried)
    assert isinstance(done, Ok), done
    return done.value


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def server(world: World) -> Iterator[StatusServer]:
    with closing(started(world.pages())) as server:
        yield server


def ask(server: StatusServer, path: str, method: str = "GET") -> tuple[HTTPResponse, bytes]:
    with closing(HTTPConnection(server.host, server.port, timeout=5)) as connection:
        connection.request(method, path)
        response = connection.getresponse()
        return response, response.read()


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_it_listens_on_ipv6_as_well(world: World) -> None:
    started_there = start_server(world.pages(), 0, "::1")
    if isinstance(started_there, Err):
        pytest.skip(started_there.error)
    with closing(started_there.value) as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert ask(server, "/healthz")[1] == b"ok\n"


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", b"metric 1\n"),
        ("/status", "application/json", b'{"schema":1}'),
        ("/healthz", "text/plain; charset=utf-8", b"ok\n"),
        ("/status?pretty=1", "application/json", b'{"schema":1}'),
    ],
)
def test_pages(server: StatusServer, path: str, kind: str, body: bytes) -> None:
    response, got = ask(server, path)
    assert (response.status, response.headers["Content-Type"], got) == (200, kind, body)


def test_it_listens_on_loopback_only(server: StatusServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}"


def test_a_check_that_fails_gives_its_reason(server: StatusServer, world: World) -> None:
    response, body = ask(server, "/readyz")
    assert (response.status, body) == (503, b"no candle stored yet\n")
    world.starting = None
    world.sick = "the store is gone"
    assert ask(server, "/readyz")[0].status == 200
    assert ask(server, "/healthz")[1] == b"the store is gone\n"


@pytest.mark.parametrize("path", ["/", "/metrics/", "/Status", "/../status"])
def test_other_paths_are_not_found(server: StatusServer, path: str) -> None:
    response, body = ask(server, path)
    assert response.status == 404
    assert b"/metrics /status /healthz /readyz" in body


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_not_allowed(server: StatusServer, method: str) -> None:
    response, _ = ask(server, "/status", method)
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


def test_head_has_the_headers_and_no_body(server: StatusServer) -> None:
    response, body = ask(server, "/status", "HEAD")
    assert (response.status, response.headers["Content-Length"], body) == (200, "12", b"")


def test_a_page_that_fails_takes_no_other_away(world: World) -> None:
    def fails() -> bytes:
        raise RuntimeError("half written")

    with closing(started(Pages(fails, world.status))) as server:
        response, body = ask(server, "/metrics")
        assert (response.status, body) == (500, b"RuntimeError: half written\n")
        assert ask(server, "/status")[0].status == 200


def test_a_slow_page_holds_up_no_other(world: World) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow() -> bytes:
        asked.set()
        go_on.wait(30)
        return b"slow"

    with closing(started(Pages(slow, world.status))) as server:
        got: list[bytes] = []
        thread = threading.Thread(target=lambda: got.append(ask(server, "/metrics")[1]))
        thread.start()
        assert asked.wait(5)
        assert ask(server, "/status")[0].status == 200
        go_on.set()
        thread.join()
        assert got == [b"slow"]


def test_a_taken_port_gives_the_next_one(world: World) -> None:
    with closing(started(world.pages())) as first, closing(started(world.pages(), first.port)) as second:
        assert first.port < second.port < first.port + 20
        assert ask(second, "/status")[0].status == 200


def test_when_all_are_taken_it_says_so(world: World) -> None:
    with closing(started(world.pages())) as first:
        done = start_server(world.pages(), first.port, ports_tried=1)
        assert done == Err(f"ports {first.port} to {first.port} of 127.0.0.1 are all in use")


def test_an_address_of_another_machine_is_refused_with_a_reason(world: World) -> None:
    done = start_server(world.pages(), 0, host="192.0.2.1")
    assert isinstance(done, Err)
    assert done.error.startswith("cannot listen on 192.0.2.1:0: ")


def test_after_close_the_port_is_free_and_no_thread_is_left(world: World) -> None:
    server = started(world.pages())
    ask(server, "/status")
    server.close()
    server.close()
    assert "status-server" not in {thread.name for thread in threading.enumerate()}
    with closing(socket.socket()) as probe:
        assert probe.connect_ex((server.host, server.port)) != 0
    with closing(started(world.pages(), server.port, ports_tried=1)) as again:
        assert again.port == server.port


def test_a_client_that_hangs_up_is_no_event(server: StatusServer, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(socket.create_connection((server.host, server.port))) as client:
        client.sendall(b"GET /status HTTP/1.1\r\n")
    assert ask(server, "/status")[0].status == 200
    assert capsys.readouterr().err == ""
