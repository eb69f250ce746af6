"""How long it takes until all flows again after a fault. Pure.

A fault's recovery begins when it ends, or when the last other one ends that blocks the same way and overlaps it. It
ends with the first record published, or once each partition that was fed since has been stored from and committed.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Way = Literal["publish", "store"]
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that has struck, its times in seconds since the epoch, and which ways it blocked."""

    name: str
    round: int
    start: float
    end: float
    blocks: frozenset[Way]


def freed_at(fault: Struck, way: Way, others: Iterable[Struck]) -> float:
    """When nothing of the same time blocked `way` any more."""
    free = fault.end
    for other in sorted(others, key=lambda each: each.start):
        if way in other.blocks and other.start <= free:
            free = max(free, other.end)
    return free


def publishing(free: float, published: Sequence[float]) -> float | None:
    """Seconds until the next record; `published` are the ascending times of publication."""
    at = bisect_left(published, free)
    return published[at] - free if at < len(published) else None


def storing(
    free: float, fed: Mapping[Place, Sequence[float]], committed: Sequence[tuple[float, Mapping[Place, int]]]
) -> float | None:
    """Seconds until every partition that was fed has moved on; `committed` are looks at the offsets, ascending."""
    at = bisect_left(committed, free, key=lambda look: look[0])
    if at >= len(committed):
        return None
    begun = committed[max(at - 1, 0)][1]
    waiting = {place for place, times in fed.items() if bisect_left(times, free) < len(times)}
    for time, offsets in committed[at:]:
        waiting = {place for place in waiting if offsets.get(place, 0) <= begun.get(place, 0)}
        if not waiting:
            return time - free
    return None


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below `share` of all."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]
