"""A run of the matrix: round after round, faults strike, the world heals and settles, and the judge looks."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.chaos.draw import Strike
from tests.chaos.faults import BY_NAME, Fault
from tests.chaos.recovery import Struck
from tests.chaos.services import megabytes
from tests.chaos.settle import UnsettledError, settle
from tests.chaos.watch import Watch
from tests.chaos.world import World
from tests.judge.findings import Verdict
from tests.judge.judge import Judge
from tests.judge.stream import Series

Say = Callable[[str], None]
CUT = "WebSockets cut"
APART = 3.0
"""Seconds between two cuts without other faults."""


@dataclass(slots=True)
class Run:
    """What a run has seen so far."""

    world: World
    judge: Judge
    watch: Watch[Series]
    say: Say
    struck: list[Struck] = field(default_factory=list)
    cuts: list[Struck] = field(default_factory=list)
    megabytes: dict[str, float] = field(default_factory=dict)

    def rounds(self, drawn: Sequence[Sequence[Strike]], cuts: int = 0) -> Verdict:
        """Play all rounds, then `cuts` of the WebSockets while nothing else is wrong; judge everything at the end."""
        self.world.witness = self.judge.note_truth
        self._settle(0)
        for number, strikes in enumerate(drawn, 1):
            self._round(number, strikes)
        for _ in range(cuts):
            self.cuts.append(self._strike(0, Strike(BY_NAME[CUT].kind, at=0.0, seconds=0.0, chance=0.0)))
            time.sleep(APART)
        until = self._settle(len(drawn))
        return self.judge.verdict(until)

    def _round(self, number: int, strikes: Sequence[Strike]) -> None:
        began = time.monotonic()
        with ThreadPoolExecutor(len(strikes)) as together:
            struck = list(together.map(lambda strike: self._strike(number, strike), strikes))
        self.struck += struck
        self.world.mend()
        healed = time.monotonic()
        until = self._settle(number)
        settled = time.monotonic()
        found = self.judge.look(until)
        judged = time.monotonic()
        self._note_megabytes()
        names = ", ".join(each.name for each in struck)
        spent = f"struck {healed - began:.1f} s, settled {settled - healed:.1f} s, judged {judged - settled:.1f} s"
        self.say(f"round {number}: {names}; {spent}; {found}")

    def _strike(self, number: int, strike: Strike) -> Struck:
        """One fault from its beginning to its end, in a thread of its own."""
        fault: Fault = BY_NAME[strike.kind.name]
        time.sleep(strike.at)
        start = time.time()
        with fault.strike(self.world, strike.chance):
            time.sleep(strike.seconds)
        return Struck(fault.kind.name, number, start, time.time(), fault.blocks)

    def _settle(self, number: int) -> int:
        """Until when everything has arrived; what has not arrived in time is a finding."""
        changed, self.world.changed_at = self.world.changed_at, None
        self.judge.starts[:] = self.world.producer_starts()
        try:
            return settle(self.world, self.judge, changed)
        except UnsettledError as why:
            self.say(f"round {number}: not settled: {why}")
            self.judge.findings.add("wrong", f"round {number} does not settle: {why}")
            return self.world.market.now()

    def _note_megabytes(self) -> None:
        for name, used in megabytes(self.world.services).items():
            self.megabytes[name] = max(self.megabytes.get(name, 0.0), used)
