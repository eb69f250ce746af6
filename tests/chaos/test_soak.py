"""The long tests of the data plane; what they measure is added to build/soak.json."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.chaos.matrix import playing
from tests.chaos.stream import BEGAN, judged
from tests.chaos.volume import Memory, judge, published, read_topics, stored, truth_of, wait
from tests.chaos.world import World
from tests.judge.grid import HOUR, SECOND
from tests.judge.kafka import TopicReader
from tests.support.data import ROOT

RESULTS = ROOT / "build" / "soak.json"
LIMIT = 200
"""Megabytes that a service may take."""
pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]


def note(what: str, **figures: Any) -> None:
    """Add what was measured to the results of other tests."""
    RESULTS.parent.mkdir(exist_ok=True)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(known | {what: figures}, indent=1) + "\n")


def rounded(megabytes: dict[str, float]) -> dict[str, int]:
    return {name: round(most) for name, most in megabytes.items()}


def test_two_hundred_rounds(tmp_path: Path) -> None:
    """`make soak`: … 200 rounds"""
    with playing(tmp_path / "matrix", 200, 2, print) as played:
        note("matrix", said=played.last_line, megabytes=rounded(played.run.megabytes))
        assert played.verdict.clean, played.verdict
        assert max(played.run.megabytes.values()) < LIMIT


def test_half_an_hour_without_influxdb(tmp_path: Path) -> None:
    """`make soak`: half an hour of InfluxDB outage under load; … each service under 200 MB throughout, also during the
    half hour of outage
    """
    stream = judged(BEGAN - HOUR)
    with World(tmp_path / "world", stream, speed=30.0) as world, Memory(world) as memory:
        world.start()
        wait(lambda: published(world, BEGAN), "history is published", 120)
        world.influx.kill()
        time.sleep(1800)
        world.influx.start()
        until, began = world.market.now(), time.monotonic()
        wait(lambda: published(world, until), "all is published", 120)
        truth, ends = truth_of(world, until)
        topics, reader = read_topics(world, ends)
        wait(lambda: stored(world, reader), "all is stored", 900)
        seconds = time.monotonic() - began
        candles = sum(each.count for each in truth.values())
        note("outage", candles=candles, caught_up_seconds=round(seconds), megabytes=rounded(memory.most))
        findings = judge(world, topics, truth, ends)
        assert findings.clean, findings
        assert max(memory.most.values()) < LIMIT, memory.most


def test_ten_million_candles_and_a_restart_after_them(tmp_path: Path) -> None:
    """[soak] ten million, through the real parts: counts and sums equal the truth; each service under 200 MB throughout

    [soak] A producer restarted after ten million candles reads fewer than 50,000 records and publishes within 10 s.
    """
    candles = 10_000_000
    stream = judged(BEGAN - candles // 5 * SECOND, intervals=("1s",))
    with World(tmp_path / "world", stream, speed=1.0, disk_megabytes=None) as world, Memory(world) as memory:
        began = time.monotonic()
        world.start()
        wait(lambda: published(world, BEGAN), "history is published", 4 * 3600)
        truth, ends = truth_of(world, BEGAN)
        topics, reader = read_topics(world, ends)
        wait(lambda: stored(world, reader), "all is stored", 4 * 3600)
        seconds = time.monotonic() - began
        findings = judge(world, topics, truth, ends)
        restart = restarted(world, reader)
        note("ten million", seconds=round(seconds), megabytes=rounded(memory.most), said=str(findings), **restart)
        assert findings.clean, findings
        assert sum(each.count for each in truth.values()) == candles
        assert max(memory.most.values()) < LIMIT, memory.most
        assert restart["records_read"] < 50_000
        assert restart["publishing_after_seconds"] <= 10


def restarted(world: World, reader: TopicReader) -> dict[str, float]:
    """Kill the producer: how many records the next one reads, and how long it takes until it publishes."""
    world.producer.process.kill()
    killed = time.time()
    wait(lambda: any(each.timestamp > killed * 1000 for each in reader.read()), "it publishes again", 60)
    seconds = time.time() - killed
    answer = urllib3.PoolManager().request("GET", f"http://127.0.0.1:{world.producer.mounted.port}/metrics")
    lines = answer.data.decode().splitlines()
    read = next(line for line in lines if line.startswith("cryptostream_ledger_read_records"))
    return {"records_read": float(read.split()[-1]), "publishing_after_seconds": round(seconds, 1)}
