"""What the judge has to say: findings in words, counted by kind, and the verdict. Pure."""

from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

Kind = Literal["lost", "duplicated", "wrong"]
KINDS: tuple[Kind, ...] = ("lost", "duplicated", "wrong")
TOLD = 10
"""Findings of a kind that are shown; all are counted."""


@dataclass(slots=True)
class Findings:
    """What was found, in words, each finding once however often it was met."""

    told: dict[Kind, dict[str, None]] = field(default_factory=lambda: {kind: {} for kind in KINDS})

    def add(self, kind: Kind, what: str) -> None:
        self.told[kind][what] = None

    def merge(self, other: "Findings") -> None:
        for kind in KINDS:
            self.told[kind] |= other.told[kind]

    @property
    def counts(self) -> dict[Kind, int]:
        return {kind: len(self.told[kind]) for kind in KINDS}

    @property
    def clean(self) -> bool:
        return not any(self.told.values())

    def lines(self) -> list[str]:
        """The counts in one line, and below it the first ten findings of each kind, a line each."""
        head = ", ".join(f"{self.counts[kind]} {kind}" for kind in KINDS)
        return [head, *(f"{kind}: {what}" for kind in KINDS for what in islice(self.told[kind], TOLD))]

    def __str__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings, what was looked at, and the dead letters in words."""

    findings: Findings
    records: int
    candles: int
    dead_letters: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return self.findings.clean and not self.dead_letters

    def __str__(self) -> str:
        seen = f"{self.records} records and {self.candles} candles judged, {len(self.dead_letters)} dead letters"
        return "\n".join([seen, *self.findings.lines(), *(f"dead letter: {each}" for each in self.dead_letters[:TOLD])])
