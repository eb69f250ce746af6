"""Embedded runs for tests: as a program of its own, and inside the test on a simulator with a fast clock."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from cryptostream.clock import ScaledClock, SystemClock
from cryptostream.core.indicators.catalogue import compile_indicators
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.resource.parse import parse_stream
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Ok
from cryptostream.local.assembly import Parts, assemble
from cryptostream.local.life import Threads, backlog
from cryptostream.local.market import follow
from cryptostream.observe.logs import Log
from cryptostream.producer.job import series_of
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.simulator import Simulator, running_simulator
from cryptostream.store.directory import data_directory
from cryptostream.store.duckdb_store import DuckDbStore

INDICATORS = [
    {"name": "sma20", "function": "SMA", "params": {"timeperiod": 20}},
    {"name": "rsi14", "function": "RSI", "params": {"timeperiod": 14}},
]


def resource(**spec: Any) -> dict[str, Any]:
    """A stream as a document; `spec` adds to or replaces what is usual in tests."""
    usual = {"coins": ["BTC", "ETH"], "intervals": ["1s", "1m"], "indicators": INDICATORS}
    return {
        "apiVersion": "cryptostream.io/v1alpha1",
        "kind": "CryptoStream",
        "metadata": {"name": "test", "namespace": "tests"},
        "spec": usual | spec,
    }


def written(folder: Path, document: dict[str, Any]) -> Path:
    """The document as a file."""
    path = folder / "stream.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def cryptostream(*arguments: object, timeout: float = 110) -> subprocess.CompletedProcess[str]:
    """The command line, run to its end."""
    command = [sys.executable, "-m", "cryptostream", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


# ---------------------------------------------------------------- inside the test


class Run:
    """A stream that runs inside the test, against a simulator whose faults can be turned."""

    def __init__(self, sim: Simulator, parts: Parts, threads: Threads) -> None:
        self.sim = sim
        self.parts = parts
        self._threads = threads
        self.began = sim.clock.now()

    @property
    def series(self) -> tuple[Series, ...]:
        return series_of(self.parts.spec)

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait until `condition` holds; the test fails if it never does, or if a thread of the run has died."""
        until = time.monotonic() + seconds
        while not condition():
            assert self._threads.fault is None, self._threads.fault
            assert time.monotonic() < until, f"{what}: {self.parts.view()}"
            time.sleep(0.02)

    def pass_time(self, millis: Millis) -> None:
        """Let so much of the simulator's time pass."""
        target = self.sim.clock.now() + millis
        self.wait(lambda: self.sim.clock.now() >= target, "time passes", seconds=110)

    def settle(self) -> None:
        """Wait until everything is stored that has closed, and no gap is open."""
        newest = self.sim.clock.now()
        self.wait(lambda: self._has_all(newest), "everything is stored", seconds=110)

    def _has_all(self, until: Millis) -> bool:
        view = self.parts.view()
        reached = all(
            each.newest_close is not None and each.newest_close >= INTERVALS[each.series.interval].floor(until) - 1
            for each in view.series
        )
        return view.complete and reached and not backlog(self.parts)

    def stored(self, series: Series, start: Millis, end: Millis) -> dict[Millis, tuple[float, ...]]:
        """Stored candles by open time: open, high, low, close, volume, quote volume, trades."""
        table = self.parts.store.raw(series, start, end)
        assert isinstance(table, Ok)
        got = table.value
        columns = (got.open, got.high, got.low, got.close, got.volume, got.quote_volume, got.trades)
        return {int(t): tuple(float(c[i]) for c in columns) for i, t in enumerate(got.open_time)}

    def truth(self, series: Series, start: Millis, end: Millis) -> dict[Millis, tuple[float, ...]]:
        """The same of the exchange."""
        return {
            row.open_time: tuple(
                float(value or 0)
                for value in (row.open, row.high, row.low, row.close, row.volume, row.quote_volume, row.trades)
            )
            for row in self.sim.truth(series, start, end)
        }

    def gaps(self) -> tuple[Gap, ...]:
        recorded = self.parts.store.ledger.gaps()
        assert isinstance(recorded, Ok)
        return recorded.value

    def assert_complete(self) -> None:
        """What is stored is exactly what the exchange has, from each series' start to the newest stored candle."""
        for each in self.parts.view().series:
            end = INTERVALS[each.series.interval].next(each.newest_open or 0)
            truth = self.truth(each.series, each.start, end)
            assert self.stored(each.series, each.start, end) == truth, each.series
            assert truth, each.series


def spec_of(document: dict[str, Any]) -> StreamSpec:
    parsed = parse_stream(document)
    assert isinstance(parsed, Ok), parsed
    return parsed.value


@contextmanager
def running(folder: Path, *, speed: float = 20, sim: Simulator | None = None, **spec: Any) -> Iterator[Run]:
    """A run on a simulator whose clock is `speed` times as fast as the wall's; stopped cleanly at the end."""
    stream = spec_of(resource(**spec))
    clock = ScaledClock(SystemClock().now(), speed)
    if sim is None:
        with running_simulator(SimulatorConfig(), clock) as started, running(folder, sim=started, **spec) as run:
            yield run
        return
    indicators = compile_indicators(stream.indicators, stream.intervals)
    assert isinstance(indicators, Ok)
    opened = DuckDbStore.open(
        data_directory(folder, stream.stream, simulated=True),
        stream=stream.stream,
        symbols={symbol.name: symbol for symbol in stream.symbols},
        simulated=True,
        fields=("mean_oc", "return", "range", *(name for each in indicators.value for name in each.fields)),
    )
    assert isinstance(opened, Ok), opened
    market = follow(stream, sim, lambda: None)
    parts = assemble(stream, indicators.value, market, opened.value, Log())
    threads = Threads(parts)
    threads.start()
    run = Run(sim, parts, threads)
    try:
        yield run
    finally:
        threads.stop()
        market.close()
        opened.value.close()
    assert threads.fault is None, threads.fault
