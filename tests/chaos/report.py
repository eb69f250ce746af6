"""What a run of the matrix tells: recovery times by fault, as a table for the page about reliability."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.catching_up import CaughtUp
from tests.chaos.recovery import Struck, Way, freed_at, percentile, publishing, storing
from tests.judge.stream import Series

BEGIN, END = "<!-- written by make chaos: begin -->", "<!-- written by make chaos: end -->"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a run.

    Faults; of each series the times of publication (s), ascending, with open times; looks at the newest open times in
    the store; and of each candle that was missed while a WebSocket was down, the seconds from its reconnection to
    publication.
    """

    struck: Sequence[Struck]
    published: Mapping[Series, Sequence[tuple[float, int]]]
    stored: Sequence[tuple[float, Mapping[Series, int]]]
    repairs: Sequence[float]

    def recoveries(self, way: Way) -> dict[str, list[float]]:
        """By fault, for each time it struck, the seconds until what it blocked went on."""
        every = sorted(time for candles in self.published.values() for time, _ in candles)
        found: dict[str, list[float]] = {}
        for fault in self.struck:
            if way not in fault.blocks:
                continue
            free = freed_at(fault, way, self.struck)
            seconds = publishing(free, every) if way == "publish" else storing(free, self.published, self.stored)
            if seconds is not None:
                found.setdefault(fault.name, []).append(seconds)
        return found


def table(seen: Seen) -> Iterator[str]:
    """A row for each kind of fault: how often it struck, and how long it took until all went on."""
    counts = Counter(fault.name for fault in seen.struck)
    ways = [seen.recoveries("publish"), seen.recoveries("store")]
    yield "| fault | struck | publishing again, p50 / p99 s | storing again, p50 / p99 s |"
    yield "| --- | --- | --- | --- |"
    for name in sorted(counts):
        told = (_told(way.get(name)) for way in ways)
        yield f"| {name} | {counts[name]} | {' | '.join(told)} |"


def _told(seconds: Sequence[float] | None) -> str:
    return f"{percentile(seconds, 0.5):.1f} / {percentile(seconds, 0.99):.1f}" if seconds else "-"


def _told_of(seconds: Sequence[float]) -> str:
    return (
        f"p50 {percentile(seconds, 0.5):.1f} s, p99 {percentile(seconds, 0.99):.1f} s"
        if seconds
        else "never came to it"
    )


def objectives(seen: Seen, gone: Sequence[float], caught: CaughtUp) -> Iterator[str]:
    """A row for each promise about recovery: what is promised, and what was measured."""
    publish, store = seen.recoveries("publish"), seen.recoveries("store")
    yield "| promise | measured |"
    yield "| --- | --- |"
    yield f"| consumer killed → storing again, p99 ≤ 12 s | {_told_of(store.get('consumer killed', ()))} |"
    yield f"| producer killed → publishing again, p99 ≤ 12 s | {_told_of(publish.get('producer killed', ()))} |"
    yield f"| a producer that never comes back holds readers up ≤ 25 s | at most {max(gone, default=0):.1f} s |"
    for name, share in (("InfluxDB", caught.after_store), ("broker", caught.after_broker)):
        yield f"| {name} back → caught up at ≥ 0.5 of the unfaulted rate | {share:.2f} of {caught.rate:,.0f} /s |"
    yield f"| WebSocket cut → missed candles repaired ≤ 5 s after reconnection | {_told_of(seen.repairs)} |"


def written(page: Path, lines: Sequence[str]) -> None:
    """Replace what the last run has written in `page`."""
    text = page.read_text()
    before, after = text.index(BEGIN) + len(BEGIN), text.index(END)
    page.write_text("\n".join([text[:before], "", *lines, "", text[after:]]))
