"""What there is of a series when it begins: what the ledger says, or what this run left when it was taken away."""

from collections.abc import Collection, Iterable, Mapping

from cryptostream.core.market.gap import BY_CONSUMER, Gap
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Ledger, LogError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.begin import Past, begin, record, series_next, series_start
from cryptostream.core.stream.checkpoint import past_of
from cryptostream.core.stream.series_state import SeriesState, Step
from cryptostream.producer.edges import Job


class Earlier:
    """The gaps and checkpoints of a ledger, as they were when it was read."""

    def __init__(self, ledger: Ledger, gaps: Iterable[Gap], progress: Mapping[Series, Progress]) -> None:
        self._ledger = ledger
        self._progress = progress
        self._gaps: dict[Series, list[Gap]] = {}
        for gap in gaps:
            self._gaps.setdefault(gap.series, []).append(gap)

    @classmethod
    def read(cls, ledger: Ledger) -> Result["Earlier", LogError]:
        """Ask the ledger; only after the take-over is it sure that nobody else adds to it."""
        gaps = ledger.gaps()
        if isinstance(gaps, Err):
            return gaps
        progress = ledger.progress()
        return progress if isinstance(progress, Err) else Ok(cls(ledger, gaps.value, progress.value))

    def named(self, *, but: Collection[Series]) -> tuple[Gap, ...]:
        """What others have named of further series, and nobody has dealt with."""
        others = (gap for series, gaps in self._gaps.items() if series not in but for gap in gaps)
        return tuple(gap for gap in others if gap.state == "open" and gap.evidence == BY_CONSUMER)

    def checkpoints(self, of: Iterable[Series]) -> tuple[Progress, ...]:
        """The last checkpoint of each of these series that has one."""
        return tuple(self._progress[series] for series in of if series in self._progress)

    def begin(self, job: Job, series: Iterable[Series], now: Millis) -> Result[tuple[Step, ...], LogError]:
        """Begin these series from what the ledger says of them."""
        begun: list[Step] = []
        for each in series:
            done = self._begin(job, each, now)
            if isinstance(done, Err):
                return done
            begun.append(done.value)
        return Ok(tuple(begun))

    def _begin(self, job: Job, series: Series, now: Millis) -> Result[Step, LogError]:
        gaps, progress = tuple(self._gaps.get(series, ())), self._progress.get(series)
        bounds = self._ledger.bounds(series)
        if isinstance(bounds, Err):
            return bounds
        first, newest = bounds.value or (None, None)
        start, interval = series_start(job.starts[series], gaps, first), INTERVALS[series.interval]
        ranges = None if job.ranges is None else job.ranges[series]
        asked = (start, series_next(interval, start, newest, now))
        if ranges is not None:
            asked = (ranges[0][0], interval.next(ranges[-1][1]))
        missing = self._ledger.missing(series, *asked)
        if isinstance(missing, Err):
            return missing
        past = Past(gaps, missing.value, newest, progress)
        if ranges is not None:
            return Ok(record(job.config, series, ranges, past, now))
        return Ok(begin(job.config, series, start, past, now))


def resume(job: Job, left: SeriesState, named: Iterable[Gap], now: Millis) -> Step:
    """Begin a series anew that was taken away while this run went on; `named` is what others have named since."""
    start = min(job.starts[left.series], left.spans[0][0])
    return begin(job.config, left.series, start, past_of(left, tuple(named), start, now), now)
