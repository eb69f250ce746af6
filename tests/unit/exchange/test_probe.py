import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from cryptostream.clock import ManualClock
from cryptostream.exchange.probe import probe
from cryptostream.simulator.simulator import running_simulator
from tests.unit.exchange.support import CONFIG, NOW


@pytest.fixture
def silent() -> Iterator[str]:
    """Takes connections and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def free_endpoint() -> str:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_those_that_answer_in_the_given_order_and_why_the_others_do_not(silent: str) -> None:
    nobody, nowhere = free_endpoint(), "https://nowhere.invalid"
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(running_simulator(CONFIG, ManualClock(NOW))) for _ in range(3))
        third.faults.set(blocked=True)
        one, other, blocked = (each.addresses.rest for each in (first, second, third))
        result = probe((nobody, other, blocked, nowhere, silent, one), 0.5)
    assert result.reachable == (other, one)
    whys = dict(result.failures)
    assert list(whys) == [nobody, blocked, nowhere, silent]
    assert whys[nobody] == "connection refused"
    assert whys[blocked].startswith("HTTP 451")
    assert "DNS" in whys[nowhere]
    assert whys[silent] == "no answer within 0.5 s"


def test_one_that_asks_to_wait_is_there() -> None:
    with running_simulator(CONFIG, ManualClock(NOW)) as sim:
        sim.faults.set(too_many_next=1)
        assert probe((sim.addresses.rest,)).reachable == (sim.addresses.rest,)


@pytest.mark.parametrize("address", ["", "no address", "ftp://x", "http://[::1", "http://127.0.0.1:99999"])
def test_what_is_no_address_is_a_failure(address: str) -> None:
    result = probe((address,), 0.5)
    assert result.reachable == ()
    assert result.failures[0][0] == address


def test_none_to_ask() -> None:
    assert probe(()).reachable == ()
