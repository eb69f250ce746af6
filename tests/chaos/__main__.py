"""`make chaos`: plays the matrix, measures recovery, writes docs/reliability.md, and ends with the judge's count.

All logs stay in build/chaos. Exit code 0: nothing was lost, duplicated or wrong. 1: something was.
"""

import argparse
import shutil
import sys
from functools import partial
from pathlib import Path

from tests.chaos.catching_up import CaughtUp, catch_up
from tests.chaos.gone import held_up
from tests.chaos.matrix import SPEED, Played, playing
from tests.chaos.report import objectives, table, written
from tests.support.data import ROOT

CUTS = 10
"""How often WebSockets are cut while nothing else is wrong."""
GONE = 3
"""How often a producer is killed for good."""
PAGE = ROOT / "docs" / "reliability.md"
say = partial(print, flush=True)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=60)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--speed", type=float, default=SPEED)
    asked.add_argument("--folder", type=Path, default=ROOT / "build" / "chaos")
    asked.add_argument("--page", type=Path, default=PAGE)
    given = asked.parse_args()
    shutil.rmtree(given.folder, ignore_errors=True)
    with playing(given.folder / "matrix", given.rounds, given.seed, say, given.speed, CUTS) as played:
        gone = [held_up(played.run.world) for _ in range(GONE)]
    caught = catch_up(given.folder / "catching-up")
    played.verdict.findings.merge(caught.findings)
    written(given.page, page_of(played, given.seed, gone, caught))
    say(played.verdict)
    say("\n".join(objectives(played.seen, gone, caught)))
    say(played.last_line)
    return 0 if played.verdict.clean else 1


def page_of(played: Played, seed: int, gone: list[float], caught: CaughtUp) -> list[str]:
    """What the page gets of a run."""
    verdict = played.verdict
    used = ", ".join(f"{name} {most:.0f} MB" for name, most in sorted(played.run.megabytes.items()))
    return [
        f"`make chaos ROUNDS={played.rounds} SEED={seed}`: **{played.last_line}**.",
        f"Judged: {verdict.records:,} records, {verdict.candles:,} candles; dead letters: {len(verdict.dead_letters)}.",
        f"Most memory: {used}.",
        "",
        *objectives(played.seen, gone, caught),
        "",
        *table(played.seen),
    ]


if __name__ == "__main__":
    sys.exit(main())
