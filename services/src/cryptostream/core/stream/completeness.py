"""Which open times of a grid are absent from what is stored, and what names them. Pure."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from cryptostream.core.market.candle import Ints
from cryptostream.core.market.gap import ABSENT_CAUSES, Cause, Gap
from cryptostream.core.market.interval import Interval, Millis
from cryptostream.core.stream.runs import Run, within, without


def absent_runs(interval: Interval, opens: Ints, start: Millis, end: Millis) -> tuple[Run, ...]:
    """Runs of open times of the grid in [start, end) that are not among `opens`, which ascend."""
    first, after = interval.index(interval.ceil(start)), interval.index(interval.ceil(end))
    low, high = np.searchsorted(opens, (start, end))
    places = np.concatenate(([first - 1], interval.indices(opens[low:high]), [after]))
    holes = np.flatnonzero(np.diff(places) > 1)
    return tuple(
        (interval.open_at(int(places[hole]) + 1), interval.open_at(int(places[hole + 1]) - 1)) for hole in holes
    )


def named(interval: Interval, absent: Iterable[Run], gaps: Sequence[Gap]) -> Iterator[tuple[Cause | None, Run]]:
    """`absent` in pieces of one cause each; None where the ledger names none.

    A gap that is closed as repaired names nothing: its candles should be there. Where gaps overlap, what is
    proved to be absent comes before what is still open.
    """
    proved = [gap for gap in gaps if gap.state == "closed" and gap.cause in ABSENT_CAUSES]
    left = list(absent)
    for gap in (*proved, *(gap for gap in gaps if gap.state == "open")):
        cut = (gap.start, gap.end)
        yield from ((gap.cause, piece) for run in left for piece in within(run, (cut,)))
        left = [piece for run in left for piece in without(interval, run, (cut,))]
    yield from ((None, piece) for piece in left)
