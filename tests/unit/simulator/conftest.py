"""A running exchange of two symbols whose clock the test moves."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import requests

from cryptostream.clock import ManualClock
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.limits import Limits
from cryptostream.simulator.simulator import Simulator, running_simulator
from tests.unit.simulator.support import BUSY, NOW, QUIET


class Exchange(NamedTuple):
    """A running simulator, its clock, and a client that keeps its connection."""

    sim: Simulator
    clock: ManualClock
    http: requests.Session

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.http.get(self.sim.addresses.rest + path, timeout=10, **more)

    def klines(self, query: str = "", **more: Any) -> requests.Response:
        return self.get(f"/api/v3/klines?symbol=BTCUSDC&interval=1m{query}", **more)


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    clock = ManualClock(NOW)
    config = SimulatorConfig(
        seed=7, listings=(BUSY, QUIET), limits=Limits(weight_per_minute=100, patience=2), ping_seconds=30.0
    )
    with running_simulator(config, clock) as sim, requests.Session() as http:
        yield Exchange(sim, clock, http)
