"""The client against the simulator on loopback, whose clock stands still unless a test moves it."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from cryptostream.clock import ManualClock
from cryptostream.core.market.interval import MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Exchange, ExchangeError, KlinePage
from cryptostream.core.result import Err, Ok, Result
from cryptostream.exchange.rest import BinanceRest
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.limits import Limits
from cryptostream.simulator.simulator import Simulator, running_simulator
from tests.unit.exchange.support import BTC, BTC_1M, CONFIG, LTC, NOW

KLINES = "/api/v3/klines"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def sim(clock: ManualClock) -> Iterator[Simulator]:
    with running_simulator(CONFIG, clock) as sim:
        yield sim


@contextmanager
def client(*endpoints: str, clock: ManualClock, timeout: float = 10.0) -> Iterator[BinanceRest]:
    rest = BinanceRest(endpoints, clock, timeout=timeout)
    try:
        yield rest
    finally:
        rest.close()


@pytest.fixture
def rest(sim: Simulator, clock: ManualClock) -> Iterator[BinanceRest]:
    with client(sim.addresses.rest, clock=clock) as rest:
        yield rest


@pytest.fixture
def live(rest: BinanceRest) -> Exchange:
    return rest.for_lane("live")


def newest(exchange: Exchange) -> Result[KlinePage, ExchangeError]:
    return exchange.klines(BTC_1M, NOW - 10 * MINUTE, 100)


def error_of(answer: Result[KlinePage, ExchangeError]) -> ExchangeError:
    assert isinstance(answer, Err), answer
    return answer.error


def asked(sim: Simulator, path: str = KLINES) -> int:
    return sum(count for (called, _), count in sim.answers().items() if called == path)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


def test_the_running_candle_is_told_and_not_counted_as_closed(live: Exchange) -> None:
    page = newest(live)
    assert isinstance(page, Ok)
    assert page.value.in_progress == NOW // MINUTE * MINUTE
    assert page.value.closed[-1].open_time == NOW // MINUTE * MINUTE - MINUTE
    assert page.value.exchange_time == NOW


@pytest.mark.parametrize("offset", [-3_600_000, -1500, 1500, 3_600_000])
def test_the_exchange_clock_decides_what_is_closed(
    sim: Simulator, rest: BinanceRest, live: Exchange, offset: Millis
) -> None:
    sim.faults.set(clock_offset_ms=offset)
    assert live.clock_offset() == Ok(offset)
    assert rest.snapshot().clock_offset_ms == offset
    page = live.klines(BTC_1M, NOW + offset - 3 * MINUTE, 100)
    assert isinstance(page, Ok)
    assert page.value.exchange_time == NOW + offset
    assert page.value.in_progress == (NOW + offset) // MINUTE * MINUTE


def test_the_clock_is_measured_before_the_first_candle_is_judged(sim: Simulator, live: Exchange) -> None:
    sim.faults.set(clock_offset_ms=-10 * SECOND)  # to us the minute is over, to the exchange it is not
    page = live.klines(BTC_1M, NOW - 3 * MINUTE, 100)
    assert isinstance(page, Ok)
    assert page.value.in_progress == (NOW - 10 * SECOND) // MINUTE * MINUTE


def test_429_holds_every_lane_until_retry_after(
    sim: Simulator, rest: BinanceRest, live: Exchange, clock: ManualClock
) -> None:
    live.clock_offset()
    sim.faults.set(too_many_next=1)
    error = error_of(newest(live))
    minute = (NOW // MINUTE + 1) * MINUTE
    assert error.fault == "rate_limited"
    assert error.retry_at is not None
    assert minute <= error.retry_at < minute + SECOND  # Retry-After is in whole seconds
    assert error_of(newest(rest.for_lane("history"))).retry_at == error.retry_at
    assert asked(sim) == 1
    clock.set(error.retry_at)
    assert isinstance(newest(live), Ok)


def test_418_is_obeyed_without_asking_again(
    sim: Simulator, rest: BinanceRest, live: Exchange, clock: ManualClock
) -> None:
    live.clock_offset()
    sim.faults.set(ban_seconds=300)
    end = NOW + 300_000
    assert (error_of(newest(live)).fault, error_of(newest(live)).retry_at) == ("banned", end)
    assert isinstance(live.symbols(["BTCUSDC"]), Err)
    assert (asked(sim), asked(sim, "/api/v3/exchangeInfo")) == (1, 0)
    assert rest.snapshot().banned_until == end
    clock.set(end)
    assert isinstance(newest(live), Ok)
    assert rest.snapshot().banned_until is None


@pytest.mark.parametrize("fault", ["blocked", "html_forbidden"])
def test_blocked_everywhere_is_said_so_and_tried_again_later(
    sim: Simulator, live: Exchange, clock: ManualClock, fault: str
) -> None:
    live.clock_offset()
    sim.faults.set(**{fault: True})
    error = error_of(newest(live))
    assert error.fault == "blocked"
    assert error.retry_at is not None
    sim.faults.set(**{fault: False})
    assert error_of(newest(live)) == error
    assert asked(sim) == 1
    clock.set(error.retry_at)
    assert isinstance(newest(live), Ok)


@pytest.mark.parametrize(
    "fault", [{"blocked": True}, {"html_forbidden": True}, {"refuse_connections": True}, {"fail_every": 1}]
)
def test_another_endpoint_answers_and_is_remembered(
    sim: Simulator, clock: ManualClock, fault: dict[str, bool | int]
) -> None:
    with (
        running_simulator(CONFIG, clock) as first,
        client(first.addresses.rest, sim.addresses.rest, clock=clock) as rest,
    ):
        live = rest.for_lane("live")
        first.faults.set(**fault)
        assert all(isinstance(newest(live), Ok) for _ in range(5))
        assert sum(first.answers().values()) <= 2
        snapshot = rest.snapshot()
        assert snapshot.endpoint == sim.addresses.rest
        assert snapshot.last_error is not None
        assert first.addresses.rest in snapshot.last_error
        first.faults.clear()
        clock.advance(MINUTE)
        assert isinstance(newest(live), Ok)
        assert (rest.snapshot().endpoint, rest.snapshot().last_error) == (first.addresses.rest, None)


def test_nobody_there_is_unavailable_and_says_why(clock: ManualClock) -> None:
    with client(f"http://127.0.0.1:{free_port()}", clock=clock) as rest:
        error = error_of(newest(rest.for_lane("live")))
    assert error.fault == "unavailable"
    assert "connection refused" in error.detail


@pytest.mark.parametrize("fault", [{"fail_next": 1}, {"fail_next": 1, "fail_status": 502}, {"truncate_next": 1}])
def test_5xx_and_half_an_answer_are_unavailable_and_pass(sim: Simulator, live: Exchange, fault: dict[str, int]) -> None:
    live.clock_offset()
    sim.faults.set(**fault)
    assert error_of(newest(live)).fault == "unavailable"
    assert isinstance(newest(live), Ok)


def test_a_slow_answer_is_unavailable(sim: Simulator, clock: ManualClock) -> None:
    with client(sim.addresses.rest, clock=clock, timeout=0.2) as rest:
        live = rest.for_lane("live")
        live.clock_offset()
        sim.faults.set(answer_delay_seconds=2.0)
        error = error_of(newest(live))
        assert (error.fault, "no answer within 0.2 s" in error.detail) == ("unavailable", True)
        sim.faults.clear()
        assert isinstance(newest(live), Ok)


def test_what_is_wrong_is_refused_with_the_exchange_own_code(live: Exchange) -> None:
    error = error_of(live.klines(Series("BTCUSDC", "7m"), NOW, 10))
    assert error.fault == "refused"
    assert "-1120" in error.detail


def test_one_unknown_symbol_of_many_does_not_cost_the_others(live: Exchange) -> None:
    unknown = [f"NO{number}USDC" for number in range(20)]
    known = live.symbols(["BTCUSDC", *unknown, "LTCUSDC"])
    assert isinstance(known, Ok)
    assert sorted(known.value) == ["BTCUSDC", "LTCUSDC"]


def test_the_header_guards_history_first(clock: ManualClock) -> None:
    config = SimulatorConfig(seed=7, listings=(BTC, LTC), limits=Limits(weight_per_minute=100))
    with running_simulator(config, clock) as sim, client(sim.addresses.rest, clock=clock) as rest:
        live, history = rest.for_lane("live"), rest.for_lane("history")
        assert isinstance(live.symbols(["BTCUSDC"]), Ok)  # tells the limit
        assert rest.snapshot().weight_limit == 100
        with client(sim.addresses.rest, clock=clock) as neighbour:
            others = [newest(neighbour.for_lane("live")) for _ in range(14)]
        assert all(isinstance(answer, Ok) for answer in others)
        assert isinstance(newest(live), Ok)
        used = rest.snapshot().weight_used
        assert used > 20 + 1 + 2  # the neighbour's too
        while isinstance(newest(history), Ok):
            used = rest.snapshot().weight_used
        assert used <= 60
        while isinstance(newest(live), Ok):
            used = rest.snapshot().weight_used
        assert 60 < used <= 90
        assert error_of(newest(live)).retry_at == (NOW // MINUTE + 1) * MINUTE
        assert all(status == 200 for _, status in sim.answers())
        clock.set((NOW // MINUTE + 1) * MINUTE)
        assert isinstance(newest(history), Ok)


def test_at_least_one_endpoint(clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="at least one"):
        BinanceRest((), clock)


def test_a_running_candle_is_not_closed_because_our_clock_was_set(
    sim: Simulator, clock: ManualClock, live: Exchange
) -> None:
    """Our clock is set forward after the offset was measured: as seen from here, the exchange's falls back."""
    assert isinstance(newest(live), Ok)
    sim.faults.set(clock_offset_ms=-MINUTE)
    page = newest(live)
    assert isinstance(page, Ok)
    assert page.value.in_progress == (NOW - MINUTE) // MINUTE * MINUTE
    assert page.value.exchange_time <= NOW - MINUTE + SECOND
    assert clock.now() == NOW
