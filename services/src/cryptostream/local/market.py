"""Which market an embedded run follows: the exchange, a recording, or the simulator. Opens and closes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cryptostream.clock import ExchangeClock, ManualClock, ScaledClock, SystemClock
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock, Exchange, FeedEvent, LiveFeed
from cryptostream.core.resource.spec import Endpoints, StreamSpec
from cryptostream.core.stream.runs import Run
from cryptostream.exchange.archive import Recording
from cryptostream.exchange.probe import probe
from cryptostream.exchange.rest import BinanceRest
from cryptostream.exchange.websocket import BinanceFeed
from cryptostream.simulator.simulator import Simulator

Kind = Literal["exchange", "simulator", "recording"]
PROBE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Market:
    """An open market. `connections` tells how many WebSockets are open, `ranges` is of recordings alone."""

    kind: Kind
    name: str
    urgent: Exchange
    background: Exchange
    clock: ExchangeClock
    feed: Callable[[Callable[[FeedEvent], None]], LiveFeed] | None
    ranges: Mapping[Series, tuple[Run, ...]] | None
    rest: BinanceRest | None
    connections: Callable[[], int]
    close: Callable[[], None]

    @property
    def simulated(self) -> bool:
        """Whether its candles are made up."""
        return self.kind == "simulator"


def reachable(endpoints: Sequence[str], proxy_url: str | None) -> tuple[tuple[str, ...], str]:
    """The endpoints that answer, and in one line why others do not; takes three seconds at most."""
    result = probe(endpoints, PROBE_SECONDS, proxy_url=proxy_url)
    reasons: dict[str, list[str]] = {}
    for endpoint, why in result.failures:
        reasons.setdefault(why, []).append(endpoint.partition("://")[2])
    return result.reachable, "; ".join(f"{why}: {', '.join(hosts)}" for why, hosts in reasons.items())


def open_recording(recording: Recording, series: Sequence[Series]) -> Market:
    """A recording as a market: it is over, so the clock stands after its end."""
    clock = ExchangeClock(ManualClock(recording.end_time(), poll_seconds=0.02))
    return Market(
        kind="recording",
        name="recording",
        urgent=recording,
        background=recording,
        clock=clock,
        feed=None,
        ranges={each: recording.ranges(each) for each in series},
        rest=None,
        connections=lambda: 0,
        close=_nothing,
    )


def open_exchange(spec: StreamSpec, endpoints: tuple[str, ...]) -> Market:
    """The real exchange by the endpoints that answered."""
    where = Endpoints(endpoints, spec.source.endpoints.stream)
    return _online("exchange", spec, where, SystemClock(), _nothing)


def open_simulator(spec: StreamSpec, *, speed: float, not_before: Millis) -> Market:
    """A simulator in this process, on loopback; a faster one goes on where stored data ends."""
    system = SystemClock()
    clock: Clock = system if speed == 1 else ScaledClock(max(system.now(), not_before), speed)
    simulator = Simulator(clock=clock)
    simulator.start()
    return follow(spec, simulator, simulator.stop)


def follow(spec: StreamSpec, simulator: Simulator, close: Callable[[], None]) -> Market:
    """A running simulator as a market, on its own clock."""
    where = Endpoints((simulator.addresses.rest,), (simulator.addresses.stream,))
    return _online("simulator", spec, where, simulator.clock, close)


def _online(kind: Kind, spec: StreamSpec, where: Endpoints, local: Clock, close: Callable[[], None]) -> Market:
    proxy = spec.egress.proxy_url if kind == "exchange" else None
    rest = BinanceRest(where.rest, local, proxy_url=proxy)

    feeds: list[BinanceFeed] = []

    def feed(on_event: Callable[[FeedEvent], None]) -> LiveFeed:
        feeds.append(BinanceFeed(where.stream, local, on_event, proxy_url=proxy))
        return feeds[-1]

    def close_all() -> None:
        rest.close()
        close()

    return Market(
        kind=kind,
        name=where.rest[0],
        urgent=rest.for_lane("live"),
        background=rest.for_lane("history"),
        clock=ExchangeClock(local),
        feed=feed if spec.source.mode == "Auto" else None,
        ranges=None,
        rest=rest,
        connections=lambda: sum(each.snapshot().connections for each in feeds),
        close=close_all,
    )


def _nothing() -> None:
    """A market that holds nothing open."""
