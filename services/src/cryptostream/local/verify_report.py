"""What `verify` found, as values. Pure."""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

from cryptostream.core.market.gap import Cause
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series

Kind = Literal[
    "missing",  # absent, and nothing says why
    "pending",  # absent, and the ledger says that it is still to be fetched
    "dead_letter",  # absent, because it was refused
    "duplicate",  # stored twice
    "impossible",  # a candle that cannot be true
    "trade_chain",  # trades are missing between two candles
    "rollup",  # not the sum of its parts
    "enriched",  # not what its candles make
    "dirty",  # enriched rows that were never computed again
    "conservation",  # records of the last run that are unaccounted for
]
KINDS: tuple[Kind, ...] = get_args(Kind)
UNFINISHED: frozenset[Kind] = frozenset({"pending", "dirty"})
"""What a run that was interrupted does when it is started again."""
EXAMPLES = 20
"""Findings of each kind that are told; all are counted."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not as it must be; `candles` says how many it concerns, from `open_time` on."""

    kind: Kind
    detail: str
    series: Series | None = None
    open_time: Millis | None = None
    candles: int = 1


class SeriesReport(msgspec.Struct, frozen=True):
    """One series: candles expected and stored, absent ones by cause, and differences by kind."""

    series: Series
    expected: int
    stored: int
    gaps: Mapping[Cause, int]
    differences: Mapping[Kind, int]


class Report(msgspec.Struct, frozen=True):
    """All of it; `examples` are the first findings of each kind."""

    data: str
    stream: str
    simulated: bool
    series: tuple[SeriesReport, ...]
    differences: Mapping[Kind, int]
    examples: tuple[Finding, ...]


class Findings:
    """Counts findings and keeps the first ones of each kind."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Series | None, Kind], int] = {}
        self._examples: dict[Kind, list[Finding]] = {}

    def add(self, findings: Iterable[Finding]) -> None:
        """Take in `findings`."""
        for finding in findings:
            key = (finding.series, finding.kind)
            self._counts[key] = self._counts.get(key, 0) + finding.candles
            examples = self._examples.setdefault(finding.kind, [])
            if len(examples) < EXAMPLES:
                examples.append(finding)

    def of(self, series: Series) -> dict[Kind, int]:
        """Counts of one series, by kind."""
        return {kind: count for kind in KINDS if (count := self._counts.get((series, kind), 0))}

    def totals(self) -> dict[Kind, int]:
        """Counts of everything, by kind."""
        sums = {kind: sum(n for (_, other), n in self._counts.items() if other == kind) for kind in KINDS}
        return {kind: count for kind, count in sums.items() if count}

    def examples(self) -> tuple[Finding, ...]:
        """The first findings of each kind, in the order of `KINDS`."""
        return tuple(finding for kind in KINDS for finding in self._examples.get(kind, ()))
