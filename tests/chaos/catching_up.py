"""How fast a backlog is worked off before and after InfluxDB and the broker were away."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.chaos.stream import BEGAN, judged
from tests.chaos.volume import Memory, judge, published, read_topics, stored, truth_of, wait
from tests.chaos.watch import Watch
from tests.chaos.world import World
from tests.judge.findings import Findings
from tests.judge.grid import SECOND
from tests.judge.stream import Series
from tests.support.parts.influx import Influx
from tests.support.parts.kafka import Kafka

AWAY = 5.0
"""Seconds for which a server is away."""


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Candles a second without faults, and after a return as a share of that; most memory by service."""

    rate: float
    after_store: float
    after_broker: float
    megabytes: dict[str, float]
    findings: Findings


def catch_up(folder: Path, candles: int = 240_000, patience: float = 180.0) -> CaughtUp:
    """Publish `candles` of history, then let the consumers have them; a server dies after each third."""
    stream = judged(BEGAN - candles // 5 * SECOND, intervals=("1s",))
    with World(folder, stream, speed=1.0) as world, Memory(world) as memory:
        world.producer.process.start()
        wait(lambda: published(world, BEGAN), "history is published", patience)
        for each in world.consumers:
            each.process.start()
        with Watch(world.stored().counts) as watch:
            to = partial(_rate_to, watch, patience=patience)
            free = to(candles // 3)
            after_store = to(2 * candles // 3, world.influx)
            after_broker = to(candles, world.kafka)
        truth, ends = truth_of(world, BEGAN)
        topics, reader = read_topics(world, ends)
        wait(lambda: stored(world, reader), "all is stored", patience)
        findings = judge(world, topics, truth, ends)
        return CaughtUp(free, after_store / free, after_broker / free, memory.most, findings)


def _rate_to(watch: Watch[Series], candles: int, away: Influx | Kafka | None = None, *, patience: float) -> float:
    """Candles a second from the first that are stored from now on until `candles` are, once `away` is back."""
    if away is not None:
        away.kill()
        time.sleep(AWAY)
    begun, now = _stored(watch), time.time()
    if away is not None:
        away.start()
    wait(lambda: _stored(watch) >= candles, f"{candles} are stored", patience)
    looks = [(at, sum(counts.values())) for at, counts in watch.looks if at >= now]
    moving = next(place for place, (_, stored) in enumerate(looks) if stored > begun)
    (first, before), (last, after) = looks[moving], looks[-1]
    return (after - before) / (last - first) if last > first else 0.0


def _stored(watch: Watch[Series]) -> int:
    return sum(watch.looks[-1][1].values()) if watch.looks else 0
