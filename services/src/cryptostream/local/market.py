"""Which market an embedded run follows: the exchange, a recording, or the simulator. Opens and closes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cryptostream.clock import ExchangeClock, ManualClock, ScaledClock, SystemClock
from cryptostream.core.codec.status import ExchangeStatus
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock, Exchange, FeedEvent, LiveFeed
from cryptostream.core.resource.spec import Endpoints, StreamSpec
from cryptostream.core.stream.runs import Run
from cryptostream.exchange.archive import Recording
from cryptostream.exchange.online import Online
from cryptostream.exchange.probe import probe
from cryptostream.simulator.simulator import Simulator

Kind = Literal["exchange", "simulator", "recording"]
PROBE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Market:
    """An open market; `ranges` is of recordings alone, `online` of all others."""

    kind: Kind
    name: str
    urgent: Exchange
    background: Exchange
    clock: ExchangeClock
    feed: Callable[[Callable[[FeedEvent], None]], LiveFeed] | None
    ranges: Mapping[Series, tuple[Run, ...]] | None
    online: Online | None
    close: Callable[[], None]

    @property
    def simulated(self) -> bool:
        """Whether its candles are made up."""
        return self.kind == "simulator"

    def status(self) -> ExchangeStatus:
        """How the exchange treats this address."""
        return ExchangeStatus() if self.online is None else self.online.status()


def reachable(endpoints: Sequence[str], proxy_url: str | None) -> tuple[tuple[str, ...], str]:
    """The endpoints that answer, and in one line why others do not; takes three seconds at most."""
    result = probe(endpoints, PROBE_SECONDS, proxy_url=proxy_url)
    return result.reachable, result.why


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
        online=None,
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
    online = Online(where, local, proxy_url=spec.egress.proxy_url if kind == "exchange" else None)

    def close_all() -> None:
        online.close()
        close()

    return Market(
        kind=kind,
        name=where.rest[0],
        urgent=online.urgent,
        background=online.background,
        clock=online.clock,
        feed=online.feed if spec.source.mode == "Auto" else None,
        ranges=None,
        online=online,
        close=close_all,
    )


def _nothing() -> None:
    """A market that holds nothing open."""
