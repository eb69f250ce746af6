"""What is not published, as a checkpoint, the ledger's gaps and the log's tail tell it after a restart. Pure.

A checkpoint may be older than the newest records and gaps: all that it says stays true, and the tail has what was
published since. So reading a part of the log again changes nothing.
"""

from collections.abc import Iterable, Sequence

from cryptostream.core.market.candle import Ints
from cryptostream.core.market.gap import BY_CONSUMER, Gap
from cryptostream.core.market.interval import INTERVALS, Interval, Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.stream.completeness import absent_runs
from cryptostream.core.stream.runs import Run, union, within


def missing(  # noqa: PLR0913, PLR0917 - what is left of a series, and the range asked for
    interval: Interval,
    progress: Progress | None,
    gaps: Sequence[Gap],
    tail: Ints,
    start: Millis,
    end: Millis,
) -> tuple[Run, ...]:
    """Open times in [start, end) that are not known to be published, as ascending runs apart from one another.

    Parameters
    ----------
    progress
        The last checkpoint of the series, if there is one.
    gaps
        All gaps of the series in the ledger, at their newest state.
    tail
        Ascending open times of the records after the checkpoint's offset, whatever their revision; without a
        checkpoint, of all records.

    Returns
    -------
    Runs in which may be open times that the ledger names as absent.
    """
    first, last = interval.ceil(start), interval.shift(interval.ceil(end), -1)
    if first > last:
        return ()
    asked = (first, last)
    unknown = [asked] if progress is None else within(asked, union(interval, _unknown(interval, progress, gaps, asked)))
    return tuple(left for run in unknown for left in absent_runs(interval, tail, run[0], interval.next(run[1])))


def bounds(progress: Progress | None, tail: Ints) -> tuple[Millis, Millis] | None:
    """No candle was published before the first or after the last of these open times; None if none was at all."""
    known = [] if progress is None or not progress.published else [progress.start, _last(progress)]
    known += [int(tail[0]), int(tail[-1])] if len(tail) else []
    return (min(known), max(known)) if known else None


def _last(progress: Progress) -> Millis:
    return INTERVALS[progress.series.interval].shift(progress.next_open, -1)


def _unknown(interval: Interval, progress: Progress, gaps: Sequence[Gap], asked: Run) -> Iterable[Run]:
    """The runs of which the checkpoint does not say that they are published; one may be empty.

    An open gap that the checkpoint does not know was opened since, over what had been published.
    """
    yield asked[0], interval.shift(progress.start, -1)
    yield progress.next_open, asked[1]
    yield from ((front.front, front.end) for front in progress.fronts)
    known = {front.start for front in progress.fronts}
    for gap in gaps:
        if gap.state == "open" and (gap.start not in known or gap.evidence == BY_CONSUMER):
            yield gap.start, gap.end
