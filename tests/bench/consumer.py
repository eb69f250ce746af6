"""The consumer against the floor: the same candles, the same store, each pinned to cores of its own in the same way."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from msgspec.structs import replace

from cryptostream.core.codec.service import KafkaAccess, Listen, StoreAccess, StoreBuckets, encode
from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.service_config import assignment, service_config
from tests.bench.cores import cpu_seconds, pin
from tests.bench.workload import Encoded, candles, encoded, publish, stream
from tests.chaos.files import spec_of
from tests.chaos.provision import make_topics
from tests.chaos.stream import resource
from tests.chaos.watch import Committed
from tests.judge.influx import Influx as Flux
from tests.judge.stream import Stream
from tests.support.data import ROOT
from tests.support.parts.influx import ORG, Influx
from tests.support.parts.kafka import STEADY, Kafka
from tests.support.parts.ports import claim_port
from tests.support.parts.process import Server

THEIRS, OURS = 0, 1
"""Cores: broker and store run on one, loader and consumer on the other."""
LOOK = 0.05
PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: candles a second, our CPU time a candle (µs), and the share of its core that the store took."""

    rate: float
    cpu: float
    store: float


class Bench:
    """Servers with `number` candles on their topics, once for streams with indicators and once for those without."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        for name in ("kafka", "influx"):
            (folder / name).mkdir(parents=True)
        self.kafka = Kafka(folder / "kafka", java=STEADY).start()
        self.influx = Influx(folder / "influx").start()
        self._buckets = 0
        self.streams = {name: stream(name, indicators=name == "five") for name in ("raw", "five")}
        made = candles(self.streams["five"], number)
        self.number = sum(map(len, made.values()))
        self._bodies: dict[str, Encoded] = {}
        for name, declared in self.streams.items():
            _, planned = spec_of(resource(declared, "http://127.0.0.1:9", "ws://127.0.0.1:9"), declared.start)
            make_topics(self.kafka, planned)
            publish(self.kafka, declared, made)
            self._bodies[name] = encoded(declared, made)
            (folder / name).mkdir()
        self._committed_of = {each.name: Committed(self.kafka.bootstrap, each) for each in self.streams.values()}
        for server in (self.kafka, self.influx):
            pin(server.pid, THEIRS)

    def floor(self, name: str) -> Measured:
        """The loader: raw points, and rows of indicators where the stream has some."""
        raw, enriched = self._fresh_buckets()
        told = {"url": self.influx.url, "token": self.influx.token, "bodies": self._files(name, raw, enriched)}
        order = self._folder / f"{name}.json"
        order.write_text(json.dumps(told))
        before = cpu_seconds(self.influx.pid)
        command = ["taskset", "--cpu-list", str(OURS), sys.executable, "-m", "tests.bench.floor", str(order)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        seconds = float(done.stdout)
        self._check(name, raw, enriched)
        return Measured(self.number / seconds, 0.0, (cpu_seconds(self.influx.pid) - before) / seconds)

    def consumer(self, name: str, profile: Path | None = None) -> Measured:
        """The consumer, from its first commit to its last."""
        raw, enriched = self._fresh_buckets()
        declared = self.streams[name]
        self._forget(declared.name)
        config = self._config(declared, raw, enriched)
        module = ["cryptostream"] if profile is None else ["tests.bench.sampled", profile]
        command = ["taskset", "--cpu-list", str(OURS), sys.executable, "-m", *module, "consumer", "--config", config]
        with Server("consumer", command, self._folder / f"{name}.log", lambda: True, folder=ROOT) as process:
            process.start()
            measured = self._measure(process, declared)
        self._check(name, raw, enriched)
        return measured

    def _measure(self, process: Server, declared: Stream) -> Measured:
        """Both ends of the way are commits, so that neither the start of the process nor its last wait counts."""
        begun = self._until(declared, 1)
        at, before, store = time.monotonic(), cpu_seconds(process.pid), cpu_seconds(self.influx.pid)
        done = self._until(declared, self.number)
        seconds = time.monotonic() - at
        cpu = (cpu_seconds(process.pid) - before) / (done - begun) * 1e6
        return Measured((done - begun) / seconds, cpu, (cpu_seconds(self.influx.pid) - store) / seconds)

    def _until(self, declared: Stream, least: int) -> int:
        """Wait until so many candles are committed; returns how many are."""
        until = time.monotonic() + PATIENCE
        while (found := self._committed(declared)) < least:
            assert time.monotonic() < until, f"{found} of {least} candles committed"
            time.sleep(LOOK)
        return found

    def _committed(self, declared: Stream) -> int:
        offsets = self._committed_of[declared.name]()
        return sum(offset for (topic, _), offset in offsets.items() if topic in declared.prices)

    def _forget(self, group: str) -> None:
        with suppress(KafkaException):  # the first time there is none
            for future in self.kafka.admin.client.delete_consumer_groups([group]).values():
                future.result(10)

    def _fresh_buckets(self) -> tuple[str, str]:
        self._buckets += 1
        names = f"raw{self._buckets}", f"enriched{self._buckets}"
        for name in names:
            self.influx.create_bucket(name)
        return names

    def _files(self, name: str, raw: str, enriched: str) -> list[tuple[str, str]]:
        """Bodies as files, raw and enriched ones in turns, as a consumer writes them."""
        bodies = self._bodies[name]
        pairs = [(raw, at, body) for at, body in enumerate(bodies.raw)]
        pairs += [(enriched, at, body) for at, body in enumerate(bodies.enriched)]
        files = []
        for bucket, at, body in sorted(pairs, key=lambda each: each[1]):
            file = self._folder / name / f"{'raw' if bucket == raw else 'enriched'}{at}"
            if not file.exists():
                file.write_bytes(body)
            files.append((bucket, str(file)))
        return files

    def _config(self, declared: Stream, raw: str, enriched: str) -> Path:
        spec, _ = spec_of(resource(declared, "http://127.0.0.1:9", "ws://127.0.0.1:9"), declared.start)
        folder = self._folder / declared.name
        folder.mkdir(exist_ok=True)
        (folder / "token").write_text(self.influx.token)
        (folder / "assignment.json").write_bytes(encode(assignment(spec, generation=1)))
        config = service_config(
            spec,
            plan(spec),
            kafka=KafkaAccess(bootstrap=self.kafka.bootstrap, security="None"),
            store=StoreAccess(url=self.influx.url, org=ORG, token_file=str(folder / "token")),
            assignment_file=str(folder / "assignment.json"),
            http=Listen(host="127.0.0.1", port=claim_port()),
            simulated=True,
        )
        assert config.store is not None
        placed = replace(config.store, buckets=StoreBuckets(raw=raw, enriched=enriched))
        (folder / "config.json").write_bytes(encode(replace(config, store=placed)))
        return folder / "config.json"

    def _check(self, name: str, raw: str, enriched: str) -> None:
        """As many points as candles, or nothing was measured."""
        flux, declared = Flux(self.influx.url, ORG, self.influx.token), self.streams[name]
        found = sum(flux.counts(raw, "candle", "close", declared.name).values())
        assert found == self.number, f"{found} of {self.number} points in {raw}"
        if declared.indicators:
            rows = sum(flux.counts(enriched, "indicators", "revision", declared.name).values())
            assert rows == self.number, f"{rows} of {self.number} rows in {enriched}"
        for bucket in (raw, enriched):
            self.influx.delete_bucket(bucket)

    def close(self) -> None:
        self.kafka.kill()
        self.influx.kill()


def spread(values: Sequence[float]) -> float:
    """(largest - smallest) ÷ median."""
    return (max(values) - min(values)) / statistics.median(values)


def figures(name: str, floors: Sequence[Measured], runs: Sequence[Measured], target: float) -> list[dict[str, Any]]:
    """What bench.json says of a stream: rates of run and floor, their ratio, CPU time."""
    ratios = [run.rate / floor.rate for run, floor in zip(runs, floors, strict=True)]
    ratio, cpu = statistics.median(ratios), statistics.median(run.cpu for run in runs)
    return [
        figure(
            f"consumer, {name}", [run.rate for run in runs], "candles/s", ratio=ratio, target=target, spread_of=ratios
        ),
        figure(f"InfluxDB's floor, {name}", [floor.rate for floor in floors], "candles/s"),
        figure(f"consumer's CPU time, {name}", [run.cpu for run in runs], "µs/candle", target=20.0, reached=cpu <= 20),
    ]


def figure(
    name: str,
    values: Sequence[float],
    unit: str,
    *,
    ratio: float | None = None,
    target: float | None = None,
    reached: bool | None = None,
    spread_of: Sequence[float] | None = None,
) -> dict[str, Any]:
    """One line of bench.json; a ratio, where there is one, is what is held against the target."""
    if ratio is not None and target is not None:
        reached = ratio >= target
    return {
        "figure": name,
        "value": round(statistics.median(values), 1),
        "unit": unit,
        "ratio": None if ratio is None else round(ratio, 3),
        "target": target,
        "reached": reached,
        "spread": round(spread(spread_of or values), 3),
    }
