"""What a run of the matrix tells: recovery times by fault, as a table for the page about reliability."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.recovery import Place, Struck, Way, freed_at, percentile, publishing, storing

BEGIN, END = "<!-- written by make chaos: begin -->", "<!-- written by make chaos: end -->"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a run: faults, times of publication (s) by place, ascending, and looks at what was committed."""

    struck: Sequence[Struck]
    published: Mapping[Place, Sequence[float]]
    committed: Sequence[tuple[float, Mapping[Place, int]]]

    def recoveries(self, way: Way) -> dict[str, list[float]]:
        """By fault, for each time it struck, the seconds until what it blocked went on."""
        every = sorted(time for times in self.published.values() for time in times)
        found: dict[str, list[float]] = {}
        for fault in self.struck:
            if way not in fault.blocks:
                continue
            free = freed_at(fault, way, self.struck)
            seconds = publishing(free, every) if way == "publish" else storing(free, self.published, self.committed)
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


def written(page: Path, lines: Sequence[str]) -> None:
    """Replace what the last run has written in `page`."""
    text = page.read_text()
    before, after = text.index(BEGIN) + len(BEGIN), text.index(END)
    page.write_text("\n".join([text[:before], "", *lines, "", text[after:]]))
