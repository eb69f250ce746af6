"""The simulator as a thing that is started and stopped, and run fast."""

import json
import threading
from collections import defaultdict

import pytest
import requests
from websockets.sync.client import connect

from cryptostream.clock import ManualClock, ScaledClock
from cryptostream.core.market.series import Series
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.grid import Grid
from cryptostream.simulator.simulator import Simulator, running_simulator
from tests.unit.simulator.support import BUSY, NOW, QUIET

CONFIG = SimulatorConfig(seed=7, listings=(BUSY, QUIET))


def test_nothing_is_left_behind() -> None:
    before = threading.active_count()
    for _ in range(5):
        with running_simulator(CONFIG, ManualClock(NOW)) as sim, requests.Session() as http:
            http.get(sim.addresses.rest + "/api/v3/klines?symbol=BTCUSDC&interval=1d", timeout=10)
            with connect(sim.addresses.stream + "/ws/btcusdc@kline_1s"):
                assert sim.sockets() == 1
    assert threading.active_count() == before


def test_a_restart_goes_on_where_it_was() -> None:
    clock, series = ManualClock(NOW), Series("BTCUSDC", "1m")
    with running_simulator(CONFIG, clock) as sim:
        before = sim.truth(series, NOW - 10**7, NOW)
    with running_simulator(CONFIG, clock) as sim:
        assert sim.truth(series, NOW - 10**7, NOW) == before


def test_the_same_one_may_be_started_again() -> None:
    sim = Simulator(CONFIG, ManualClock(NOW))
    for _ in range(2):
        with requests.Session() as http:
            assert http.get(sim.start().rest + "/api/v3/time", timeout=10).json() == {"serverTime": NOW}
            sim.stop()
            with pytest.raises(requests.exceptions.ConnectionError):
                http.get(sim.addresses.rest + "/api/v3/time", timeout=10)


def test_two_at_once_do_not_know_each_other() -> None:
    with running_simulator(CONFIG) as one, running_simulator(CONFIG) as other:
        one.faults.set(blocked=True)
        assert requests.get(one.addresses.rest + "/api/v3/ping", timeout=10).status_code == 451
        assert requests.get(other.addresses.rest + "/api/v3/ping", timeout=10).status_code == 200


def test_at_high_speed_no_close_is_lost_and_all_are_true() -> None:
    """4 series of 1s and 1m at 3000 times the wall's pace, for 1500 closed candles."""
    names = [f"{symbol}usdc@kline_{interval}" for symbol in ("btc", "ltc") for interval in ("1s", "1m")]
    closed: dict[str, list[dict[str, str | int]]] = defaultdict(list)
    with running_simulator(CONFIG, ScaledClock(NOW, 3000.0)) as sim:
        with connect(f"{sim.addresses.stream}/stream?streams={'/'.join(names)}", max_queue=None) as socket:
            while sum(map(len, closed.values())) < 1500:
                frame = json.loads(socket.recv(timeout=30))
                if frame["data"]["k"]["x"]:
                    closed[frame["stream"]].append(frame["data"]["k"])
        assert set(closed) == set(names)
        for name, candles in closed.items():
            _agree(sim, name, candles)


def _agree(sim: Simulator, name: str, candles: list[dict[str, str | int]]) -> None:
    series = Series(str(candles[0]["s"]), str(candles[0]["i"]))
    truth = sim.truth(series, int(candles[0]["t"]), Grid(series.interval).next(int(candles[-1]["t"])))
    told = [(row.open_time, row.close, row.volume, row.first_trade_id) for row in truth]
    assert [(k["t"], k["c"], k["v"], k["f"]) for k in candles] == told, name
