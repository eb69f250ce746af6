"""What others may know of a running consumer: frozen values, made from its state. Pure."""

from collections.abc import Mapping

import msgspec

from cryptostream.consumer.freshness import Percentiles, percentiles
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.stream.consumer_dirty import backlog
from cryptostream.core.stream.consumer_state import ConsumerState, Counts, Mismatch


class SeriesSnapshot(msgspec.Struct, frozen=True):
    """One series: bounds of what is stored, records counted since the start, ages of live candles when stored."""

    series: Series
    first_open: Millis | None
    newest_open: Millis | None
    counts: Counts
    freshness: Percentiles
    to_recompute: int


class ConsumerSnapshot(msgspec.Struct, frozen=True):
    """The consumer at a moment.

    `unplaced` counts dead letters that belong to no series, `to_recompute` rows behind live writes, `rate` is in
    candles stored per second of real time. `fault` says what is being waited for. `settled`: the last poll
    brought nothing, and nothing is left to be recomputed or checked.
    """

    series: tuple[SeriesSnapshot, ...]
    unplaced: int
    to_recompute: int
    mismatches: tuple[Mismatch, ...]
    rate: float
    fault: str | None
    settled: bool

    @property
    def totals(self) -> Counts:
        """The counts of all series together."""
        return sum((each.counts for each in self.series), Counts())


def snapshot_of(
    state: ConsumerState,
    ages: Mapping[Series, Mapping[int, int]],
    *,
    rate: float,
    fault: str | None,
    settled: bool,
) -> ConsumerSnapshot:
    """The snapshot of `state`; `ages` are classes of `freshness`."""
    rows = backlog(state)
    series = tuple(
        SeriesSnapshot(
            series=each,
            first_open=memory.first_open,
            newest_open=memory.newest,
            counts=memory.counts,
            freshness=percentiles(ages.get(each, {})),
            to_recompute=rows.get(each, 0),
        )
        for each, memory in sorted(state.series.items())
    )
    return ConsumerSnapshot(
        series=series,
        unplaced=state.unplaced,
        to_recompute=sum(rows.values()),
        mismatches=state.mismatches,
        rate=rate,
        fault=fault,
        settled=settled,
    )
