"""The network breaks as it is told to: cut, silent in one or both directions, slow; and heals."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.parts.ports import claim_port
from tests.support.parts.process import wait_for
from tests.support.parts.proxy import Proxy

SILENCE = 0.3


class Echo(socketserver.BaseRequestHandler):
    """Answers what it hears, and remembers it."""

    heard = b""

    def handle(self) -> None:
        try:
            while data := self.request.recv(65_536):
                Echo.heard += data
                self.request.sendall(data)
        except ConnectionResetError:
            pass


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    Echo.heard = b""
    with socketserver.ThreadingTCPServer(("127.0.0.1", claim_port()), Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        with Proxy(server.server_address[1]) as proxy:
            yield proxy
        server.shutdown()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def echoed(client: socket.socket, data: bytes) -> bool:
    client.sendall(data)
    return received(client, len(data)) == data


def received(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := client.recv(65_536)):
        data += more
    return data


def is_silent(client: socket.socket) -> bool:
    """Whether nothing comes for a while."""
    client.settimeout(SILENCE)
    try:
        return not client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(10)


def test_a_whole_link_lets_all_through(proxy: Proxy) -> None:
    with closing(connect(proxy)) as client:
        assert echoed(client, b"x" * 1_000_000)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    wait_for(lambda: proxy.connections == 0, "the connection is forgotten")


def test_a_cut_link_resets_what_is_open_and_refuses_what_is_new(proxy: Proxy) -> None:
    with closing(connect(proxy)) as client:
        assert echoed(client, b"before")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.heal()
    with closing(connect(proxy)) as client:
        assert echoed(client, b"after")


def test_in_a_black_hole_connections_stay_and_nothing_passes_until_it_heals(proxy: Proxy) -> None:
    with closing(connect(proxy)) as old:
        assert echoed(old, b"before")
        proxy.blackhole()
        with closing(connect(proxy)) as new:
            old.sendall(b"old")
            new.sendall(b"new")
            assert is_silent(old)
            assert is_silent(new)
            assert Echo.heard == b"before"
            proxy.heal()
            assert received(old, 3) == b"old"
            assert received(new, 3) == b"new"


def test_a_link_can_be_silent_in_one_direction(proxy: Proxy) -> None:
    with closing(connect(proxy)) as client:
        proxy.blackhole("to client")
        client.sendall(b"ping")
        wait_for(lambda: Echo.heard == b"ping", "the server has heard it")
        assert is_silent(client)
        proxy.heal()
        assert received(client, 4) == b"ping"


def test_an_end_is_held_back_too(proxy: Proxy) -> None:
    """Half-open: the server does not learn that its client is gone."""
    client = connect(proxy)
    assert echoed(client, b"before")
    proxy.blackhole()
    client.close()
    time.sleep(SILENCE)
    assert proxy.connections == 1
    proxy.heal()
    wait_for(lambda: proxy.connections == 0, "the server has learnt it")


def test_a_link_can_be_late(proxy: Proxy) -> None:
    proxy.slow("to server", latency=0.25)
    with closing(connect(proxy)) as client:
        start = time.monotonic()
        assert echoed(client, b"late")
        assert time.monotonic() - start >= 0.25


def test_a_link_can_be_narrow(proxy: Proxy) -> None:
    proxy.slow(bytes_per_second=100_000)
    with closing(connect(proxy)) as client:
        start = time.monotonic()
        assert echoed(client, b"x" * 50_000)
        assert time.monotonic() - start >= 0.5
        proxy.heal()
        assert echoed(client, b"x" * 1_000_000)


def test_a_server_that_is_away_is_a_reset(proxy: Proxy) -> None:
    proxy.target = claim_port()
    with pytest.raises(ConnectionResetError), closing(connect(proxy)) as client:
        client.recv(1)


def test_links_do_not_disturb_each_other(proxy: Proxy) -> None:
    with Proxy(proxy.target) as other:
        proxy.cut()
        with closing(connect(other)) as client:
            assert echoed(client, b"whole")
