"""The fault matrix in short: a few rounds of what `make chaos` plays sixty of."""

from pathlib import Path

import pytest

from tests.chaos.matrix import playing
from tests.support.parts.fixtures import having

ROUNDS, SEED = 10, 7
SECONDS = 300


@pytest.mark.timeout(2 * SECONDS)
def test_nothing_is_lost_doubled_or_falsified(tmp_path: Path) -> None:
    """[chaos] `make chaos ROUNDS=60 SEED=1` … ends `0 lost, 0 duplicated, 0 wrong` …; [test] a 4-minute matrix."""
    said: list[str] = []
    with having(), playing(tmp_path / "matrix", ROUNDS, SEED, said.append) as played:
        told = "\n".join((*said, str(played.verdict)))
        assert played.verdict.clean, told
        assert played.last_line.endswith(" faults, 0 lost, 0 duplicated, 0 wrong")
        assert played.verdict.candles > 10_000, told
        assert max(played.run.megabytes.values()) < 200, told
