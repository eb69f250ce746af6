"""The matrix as one call: a world, the drawn rounds, the judge's verdict, and what was seen of recovery."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.chaos.draw import draw
from tests.chaos.faults import FAULTS
from tests.chaos.repairs import Arrived, repairs
from tests.chaos.report import Seen
from tests.chaos.rounds import Run
from tests.chaos.stream import judged
from tests.chaos.watch import Watch
from tests.chaos.world import World
from tests.judge import grid
from tests.judge.findings import Verdict
from tests.judge.stream import Series

SPEED = 30.0
"""How fast the exchange's clock is: audits are due every ten seconds, and 150 candles of 1s close in each."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Played:
    """A run that is over."""

    rounds: int
    verdict: Verdict
    seen: Seen
    run: Run

    @property
    def last_line(self) -> str:
        counts = self.verdict.findings.counts
        told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        return f"{self.rounds} rounds, {len(self.seen.struck)} faults, {told}"


@contextmanager
def playing(  # noqa: PLR0917 - what a run is told on its command line
    folder: Path, rounds: int, seed: int, say: Say, speed: float = SPEED, cuts: int = 0
) -> Iterator[Played]:
    """Play the matrix and so many cuts of WebSockets alone; its world lives on until the context is left."""
    drawn = draw([fault.kind for fault in FAULTS], rounds, seed)
    with World(folder, judged(), speed=speed) as world:
        world.start()
        with Watch(world.stored().newest) as watch:
            run = Run(world, world.judge(), watch, say)
            verdict = run.rounds(drawn, cuts)
        yield Played(rounds, verdict, _seen(run), run)


def _seen(run: Run) -> Seen:
    published = {
        series: sorted((each.timestamp / 1000, time) for time, each in newest.items())
        for series, newest in run.judge.topics.newest.items()
    }
    repaired = repairs((*run.struck, *run.cuts), map(partial(_arrived, run), run.world.stream.series))
    return Seen(run.struck, published, run.watch.looks, repaired)


def _arrived(run: Run, series: Series) -> list[Arrived]:
    """Its first publications, in the order of their closes; what came again was published before."""
    close = partial(grid.following, series.interval)
    newest = run.judge.topics.newest[series].items()
    return sorted(
        Arrived(run.world.clock.wall(close(time)), each.timestamp / 1000, each.source)
        for time, each in newest
        if each.revision == 0
    )
