"""Judges by counts and sums what is too much to hold in memory: truth, topics and buckets, series by series.

Decimals are added up exactly, as integers of 1e-8; the store adds floats, so its sums may differ in the last digits.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.judge import grid
from tests.judge.exchange import Exchange
from tests.judge.findings import Findings
from tests.judge.influx import Influx
from tests.judge.record import Message
from tests.judge.stream import Series, Stream
from tests.judge.truth import DECIMALS, INTEGERS

UNIT = 10**8
TOLERANCE = 1e-9


@dataclass(slots=True)
class Sums:
    """How many candles, and the sum of each of their figures; decimals in units of 1e-8."""

    count: int = 0
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*DECIMALS, *INTEGERS), 0))

    def add(self, candle: Mapping[str, Any]) -> None:
        self.count += 1
        for name in DECIMALS:
            whole, _, part = candle[name].partition(".")
            self.totals[name] += int(whole) * UNIT + int(f"{part:0<8}")
        for name in INTEGERS:
            self.totals[name] += candle[name]


def of_truth(exchange: Exchange, series: Series, start: int, end: int) -> Sums:
    """Of the exchange's candles with open time in [start, end)."""
    sums = Sums()
    for candle in exchange.candles(series, start, end):
        sums.add(candle)
    return sums


class TopicSums:
    """Of records up to the `ends` of their series: each candle may come once, and nothing but revision 0."""

    def __init__(self, stream: Stream, ends: Mapping[Series, int]) -> None:
        self.findings = Findings()
        self.sums = {series: Sums() for series in stream.series}
        self._ends = ends
        self._seen = {series: bytearray() for series in stream.series}
        self._start = {series: grid.first_at_or_after(series.interval, stream.start) for series in stream.series}

    def read(self, messages: Iterable[Message]) -> None:
        for message in messages:
            candle = json.loads(message.value or b"")
            series, open_time = Series(candle["symbol"], candle["interval"]), candle["open_time"]
            if open_time >= self._ends[series]:
                continue
            if not self._is_first(series, open_time):
                self.findings.add("duplicated", f"{message}: {series} {open_time} once more")
            self.sums[series].add(candle)

    def _is_first(self, series: Series, open_time: int) -> bool:
        """Whether this open time comes for the first time; one byte a slot of the grid."""
        start, seen = self._start[series], self._seen[series]
        at = (open_time - start) // (grid.following(series.interval, start) - start)
        seen.extend(bytes(max(0, at + 1 - len(seen))))
        seen[at] += 1
        return seen[at] == 1


def compare(series: Series, where: str, found: Sums, truth: Sums, findings: Findings) -> None:
    """Hold exact sums against the truth."""
    _compare_counts(f"{series}: candles in {where}", found.count, truth.count, findings)
    for name, total in truth.totals.items():
        if found.totals[name] != total:
            findings.add("wrong", f"{series}: sum of {name} is {found.totals[name]} in {where}, not {total}")


def _compare_counts(what: str, found: int, due: int, findings: Findings) -> None:
    if found != due:
        findings.add("lost" if found < due else "duplicated", f"{what}: {found} instead of {due}")


def judge_store(
    store: Influx, stream: Stream, truths: Mapping[Series, Sums], ends: Mapping[Series, int], findings: Findings
) -> None:
    """Hold the raw bucket, and the number of enriched rows, against the truth up to `ends`."""
    for series, truth in truths.items():
        span = (stream.start, ends[series])
        sums = store.sums(stream.raw_bucket, "candle", stream.name, series, span, fields=truth.totals)
        for name, total in truth.totals.items():
            due = total / UNIT if name in DECIMALS else total
            told = sums.get(name, (0, 0.0))
            _compare_counts(f"{series}: points with {name} in the raw bucket", told[0], truth.count, findings)
            if abs(told[1] - due) > (TOLERANCE * abs(due) if name in DECIMALS else 0):
                findings.add("wrong", f"{series}: sum of {name} is {told[1]} in the raw bucket, not {due}")
        rows = store.sums(stream.enriched_bucket, "indicators", stream.name, series, span, fields=["revision"])
        rows_found, _ = rows.get("revision", (0, 0.0))
        _compare_counts(f"{series}: rows in the enriched bucket", rows_found, truth.count, findings)
