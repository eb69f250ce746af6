"""Many candles through a world: how fast, with how much memory, and whether counts and sums are those of the truth."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from tests.chaos.services import megabytes
from tests.chaos.settle import LOOK
from tests.chaos.world import World
from tests.judge import grid
from tests.judge.exchange import Exchange
from tests.judge.findings import Findings
from tests.judge.influx import Influx as Flux
from tests.judge.kafka import TopicReader
from tests.judge.stream import Series
from tests.judge.sums import Sums, TopicSums, compare, judge_store, of_truth
from tests.support.parts.influx import ORG


@dataclass(slots=True)
class Memory:
    """Most resident memory (MB) of each service, looked at twice a second."""

    world: World
    most: dict[str, float] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, name="memory", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            for name, used in megabytes(self.world.services).items():
                self.most[name] = max(used, self.most.get(name, 0.0))


def published(world: World, until: int) -> bool:
    """Whether the producer has published all that closed by `until`."""
    status = world.producer.status()
    told = [] if status is None else status["series"]
    return len(told) == len(world.stream.series) and all(
        (each["next_open"] or 0) >= grid.floor(each["interval"], until)
        and not each["gaps"].get("pending")
        and not each["gaps"].get("blocked")
        for each in told
    )


def wait(condition: Callable[[], bool], what: str, seconds: float) -> float:
    """Wait until `condition` holds; returns how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {what}"
        time.sleep(LOOK)
    return time.monotonic() - began


def truth_of(world: World, until: int) -> tuple[dict[Series, Sums], dict[Series, int]]:
    """Sums of each series up to `until`, and where each ends."""
    exchange = Exchange(world.market.url)
    ends = {series: grid.floor(series.interval, until) for series in world.stream.series}
    return {each: of_truth(exchange, each, world.stream.start, ends[each]) for each in ends}, ends


def read_topics(world: World, ends: Mapping[Series, int]) -> tuple[TopicSums, TopicReader]:
    """Sums of what the topics hold up to `ends`, and the reader that has read them."""
    sums = TopicSums(world.stream, ends)
    reader = TopicReader({"bootstrap.servers": world.kafka.bootstrap, "log_level": 0}, tuple(world.stream.prices))
    sums.read(reader.read())
    return sums, reader


def stored(world: World, reader: TopicReader) -> bool:
    """Whether the consumers have dealt with every record that `reader` has read."""
    committed = world.committed()
    return all(committed.get(place, 0) >= end for place, end in reader.ends.items())


def judge(world: World, topics: TopicSums, truth: Mapping[Series, Sums], ends: Mapping[Series, int]) -> Findings:
    """Hold topics and buckets against the `truth`, by counts and sums."""
    findings = Findings()
    findings.merge(topics.findings)
    for series, due in truth.items():
        compare(series, "its topic", topics.sums[series], due, findings)
    judge_store(Flux(world.influx.url, ORG, world.influx.token), world.stream, truth, ends, findings)
    return findings
