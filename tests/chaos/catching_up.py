"""How fast a backlog is worked off before and after InfluxDB and the broker were away."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.stream import BEGAN, judged
from tests.chaos.volume import Memory, judge, published, rate, read_topics, stored, truth_of, wait
from tests.chaos.watch import Place, Watch
from tests.chaos.world import World
from tests.judge.findings import Findings
from tests.judge.grid import SECOND

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
        with Watch(world.committed) as watch:
            free = _rate_to(watch, candles // 3, patience)
            after_store = _after(watch, world.influx.kill, world.influx.start, 2 * candles // 3, patience)
            after_broker = _after(watch, world.kafka.kill, world.kafka.start, candles, patience)
        truth, ends = truth_of(world, BEGAN)
        topics, reader = read_topics(world, ends)
        wait(lambda: stored(world, reader), "all is stored", patience)
        findings = judge(world, topics, truth, ends)
        return CaughtUp(free, after_store / free, after_broker / free, memory.most, findings)


def _after(
    watch: Watch[Place], die: Callable[[], object], return_: Callable[[], object], candles: int, patience: float
) -> float:
    die()
    time.sleep(AWAY)
    return_()
    return _rate_to(watch, candles, patience)


def _rate_to(watch: Watch[Place], candles: int, patience: float) -> float:
    """Records a second from the first that are committed from now on until `candles` are."""
    begun, now = _committed(watch), time.time()
    wait(lambda: _committed(watch) >= candles, f"{candles} are stored", patience)
    moving = next(at for at, offsets in watch.looks if at >= now and sum(offsets.values()) > begun)
    return rate(watch, moving, watch.looks[-1][0])


def _committed(watch: Watch[Place]) -> int:
    """Records, and the few ends of transactions between them, that are dealt with."""
    return (
        sum(max(0, offset) for (topic, _), offset in watch.looks[-1][1].items() if "prices" in topic)
        if watch.looks
        else 0
    )
