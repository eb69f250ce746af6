"""The simulator as a thing to hold: a server in a thread of its own, its faults, and the truth behind it."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from cryptostream.clock import SystemClock
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock
from cryptostream.simulator.admin import truth
from cryptostream.simulator.config import Addresses, SimulatorConfig
from cryptostream.simulator.faults import FaultSwitch
from cryptostream.simulator.made_up import MadeUpMarket
from cryptostream.simulator.market import Market
from cryptostream.simulator.row import Row
from cryptostream.simulator.server import Server

_PATIENCE = 5.0


class Simulator:
    """An exchange on loopback. `market` is made up from `config` unless one is given. Thread-safe."""

    def __init__(
        self, config: SimulatorConfig | None = None, clock: Clock | None = None, market: Market | None = None
    ) -> None:
        self._config = config or SimulatorConfig()
        self.clock: Clock = clock or SystemClock()
        self.faults = FaultSwitch(self._config.faults, self.clock)
        """The faults, to be turned while it runs: `sim.faults.set(blocked=True)`."""
        self._market = market or MadeUpMarket(self._config.seed, self._config.listings)
        self._server = Server(self._config, self.clock, self._market, self.faults)
        self._addresses: Addresses | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def start(self) -> Addresses:
        """Begin to serve.

        Raises
        ------
        OSError
            If the port cannot be had.
        """
        outcome: list[Addresses | Exception] = []
        ready = threading.Event()

        def told(what: Addresses | Exception) -> None:
            outcome.append(what)
            ready.set()

        self._thread = threading.Thread(target=self._live, args=(told,), name="simulator", daemon=True)
        self._thread.start()
        ready.wait()
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        self._addresses = outcome[0]
        return self._addresses

    @property
    def addresses(self) -> Addresses:
        """Where it is found since `start`.

        Raises
        ------
        RuntimeError
            If it has not been started.
        """
        if self._addresses is None:
            raise RuntimeError("the simulator has no addresses before start()")
        return self._addresses

    def stop(self) -> None:
        """End every connection and the thread; to be called once more does no harm."""
        if self._loop and self._stop and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def cut_sockets(self) -> None:
        """End every WebSocket without a closing frame."""
        self._in_loop(self._server.cut)

    def announce_shutdown(self) -> None:
        """Send `serverShutdown` to every WebSocket; that they end is left to `cut_sockets` or `stop`."""
        self._in_loop(lambda: self._server.hub.announce(self._server.state().view.now))

    def truth(self, series: Series, start: Millis, end: Millis) -> tuple[Row, ...]:
        """The closed candles of `series` with open time in [start, end), exactly as they stand now."""
        return truth(self._server.state(), series, start, end)

    def answers(self) -> Mapping[tuple[str, int], int]:
        """How many answers have been given, by (path, HTTP status); an open WebSocket counts as 101."""
        return dict(self._server.front.answers)

    def sockets(self) -> int:
        """How many WebSockets are open."""
        return len(self._server.hub.sockets)

    def _live(self, told: Callable[[Addresses | Exception], None]) -> None:
        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            await self._server.run(told, self._stop)

        try:
            asyncio.run(main())
        except (OSError, OverflowError) as error:  # the port is taken, or none
            told(error)

    def _in_loop(self, action: Callable[[], None]) -> None:
        """Do it in the event loop and wait until it is done."""
        done = threading.Event()

        def act() -> None:
            action()
            done.set()

        if self._loop and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(act)
            done.wait(_PATIENCE)


@contextmanager
def running_simulator(
    config: SimulatorConfig | None = None, clock: Clock | None = None, market: Market | None = None
) -> Iterator[Simulator]:
    """A simulator that serves for the length of a `with`."""
    simulator = Simulator(config, clock, market)
    simulator.start()
    try:
        yield simulator
    finally:
        simulator.stop()
