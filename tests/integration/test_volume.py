"""Many candles through the real parts: the truth comes out, and memory stays small."""

from pathlib import Path

import pytest

from tests.chaos.stream import BEGAN, judged
from tests.chaos.volume import Memory, judge, published, read_topics, stored, truth_of, wait
from tests.chaos.world import World
from tests.judge.grid import SECOND
from tests.support.parts.fixtures import having

CANDLES = 300_000
SECONDS = 180.0
"""It takes a quarter of it on an idle machine of two cores."""


@pytest.mark.timeout(2 * SECONDS)
def test_three_hundred_thousand_candles(tmp_path: Path) -> None:
    """[test] 300,000 candles … through the real parts: counts and sums equal the truth; each service under 200 MB
    throughout
    """
    stream = judged(BEGAN - CANDLES // 5 * SECOND, intervals=("1s",))
    with having(), World(tmp_path / "world", stream, speed=1.0) as world, Memory(world) as memory:
        world.start()
        truth, ends = truth_of(world, BEGAN)
        wait(lambda: published(world, BEGAN), "history is published", SECONDS)
        topics, reader = read_topics(world, ends)
        wait(lambda: stored(world, reader), "all is stored", SECONDS)
        findings = judge(world, topics, truth, ends)
        assert findings.clean, findings
        assert sum(each.count for each in truth.values()) == CANDLES
        assert max(memory.most.values()) < 200, memory.most
