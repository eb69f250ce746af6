"""Partitions that change hands: what is forgotten of those lost, and looked after of those gained. Pure.

A former owner that was stopped in the middle of a write may finish it after others have taken over. It writes what the
log told it, so it can do harm only where more is known by now: an older revision over a newer one, or rows that were
computed without a candle that came after. Such candles and rows are remembered, looked at once more some time later,
and put right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from cryptostream.core.market.candle import EnrichedTable, ValidatedCandle
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import StoreBatch
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_dirty import clipped, mark
from cryptostream.core.stream.consumer_reach import carried_by, last_changed, readers
from cryptostream.core.stream.consumer_stale import Stale
from cryptostream.core.stream.consumer_state import ConsumerState, Load, Loaded, Outcome
from cryptostream.core.stream.runs import Run, union
from cryptostream.core.stream.windows import stretches

SECONDS: Final = 15.0
"""From gaining a partition to looking again: more than a session's time-out and a write's deadline together."""
MOST: Final = 20_000
"""Candles remembered of a partition; if there are more, they are looked at earlier."""


def forgotten(state: ConsumerState, partitions: frozenset[int]) -> ConsumerState:
    """The state without the series of `partitions`; what was counted of them stays counted."""
    lost = {symbol for symbol, partition in state.partitions.items() if partition in partitions}
    if not lost:
        return state
    counts = (memory.counts for series, memory in state.series.items() if series.symbol in lost)
    return replace(
        state,
        series={series: memory for series, memory in state.series.items() if series.symbol not in lost},
        partitions={symbol: at for symbol, at in state.partitions.items() if symbol not in lost},
        mismatches=tuple(each for each in state.mismatches if each.series.symbol not in lost),
        parted=sum(counts, state.parted),
    )


# ---------------------------------------------------------------- what is looked after


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """One partition that was gained: when to look again (monotonic seconds), and at what.

    `revised` are candles stored with a revision above 0, `runs` enriched rows of which less was known when their
    candles came.
    """

    due: float
    revised: Mapping[Series, Mapping[Millis, ValidatedCandle]] = field(default_factory=dict)
    runs: Mapping[Series, tuple[Run, ...]] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Whether there is anything to be looked at."""
        return bool(self.revised or self.runs)

    @property
    def candles(self) -> int:
        return sum(map(len, self.revised.values()))


Watches = Mapping[int, Watch]
"""By partition."""


def watched(watches: Watches, lost: Iterable[int], gained: Iterable[int], due: float) -> Watches:
    """Watches after partitions have changed hands; what is stored of those gained is looked at again when it is due."""
    kept = {partition: watch for partition, watch in watches.items() if partition not in set(lost)}
    return {**kept, **{partition: Watch(due) for partition in gained}}


def remembered(watches: Watches, state: ConsumerState, outcome: Outcome, now: float) -> Watches:
    """Watches with what was stored at `now` by a step that led to `state`."""
    if not watches:
        return watches
    runs = (*outcome.stale, *map(_span, outcome.batch.replaced))
    return {
        partition: _with(watch, partition, state, outcome.batch.raw, runs) if now < watch.due else watch
        for partition, watch in watches.items()
        if now < watch.due or watch.waits
    }


def due(watches: Watches, now: float) -> int | None:
    """A partition whose candles are to be looked at now: there are some, and it is time, or there are too many."""
    return next(
        (
            partition
            for partition, watch in watches.items()
            if watch.waits and (watch.due <= now or watch.candles > MOST)
        ),
        None,
    )


def looked_at(watches: Watches, partition: int, now: float) -> Watches:
    """Watches after a partition was looked at; if that was too early, what comes until then is remembered again."""
    return watched(watches, (partition,), (partition,) if now < watches[partition].due else (), watches[partition].due)


def looks(config: ConsumerConfig, watch: Watch) -> tuple[Load, ...]:
    """What is to be read again."""
    return tuple(
        Load(series, *run)
        for series, candles in watch.revised.items()
        for run in stretches(INTERVALS[series.interval], sorted(candles), config.apart)
    )


def confirmed(
    config: ConsumerConfig, state: ConsumerState, watch: Watch, loaded: Loaded
) -> tuple[ConsumerState, StoreBatch]:
    """The candles to be stored again, over older revisions, and a state in which all rows in question are dirty."""
    stored = {series: _revisions(loaded, series) for series in watch.revised}
    overwritten = tuple(
        candle
        for series, candles in watch.revised.items()
        for open_time, candle in sorted(candles.items())
        if stored[series].get(open_time, -1) < candle.record.revision
    )
    changed, add, resolve = mark(config, state.series, (*_runs_of(watch), *_behind(config, overwritten)), {})
    return replace(state, series=changed), StoreBatch(raw=overwritten, add_dirty=add, resolve_dirty=resolve)


def _span(table: EnrichedTable) -> tuple[Series, Run]:
    return table.series, (int(table.open_time[0]), int(table.open_time[-1]))


def _with(watch: Watch, partition: int, state: ConsumerState, raw: Iterable[ValidatedCandle], stale: Stale) -> Watch:
    """`watch` with what belongs to its partition."""
    candles = [each for each in raw if state.partitions.get(each.record.symbol) == partition]
    runs = [each for each in stale if state.partitions.get(each[0].symbol) == partition]
    return replace(watch, revised=_with_revised(watch, candles), runs=_with_runs(watch, state, runs))


def _with_revised(
    watch: Watch, candles: Iterable[ValidatedCandle]
) -> Mapping[Series, Mapping[Millis, ValidatedCandle]]:
    revised = {series: dict(known) for series, known in watch.revised.items()}
    for candle in candles:
        if candle.record.revision:
            revised.setdefault(candle.record.series, {})[candle.record.open_time] = candle
    return revised


def _with_runs(
    watch: Watch, state: ConsumerState, more: Iterable[tuple[Series, Run]]
) -> Mapping[Series, tuple[Run, ...]]:
    runs = {series: list(known) for series, known in watch.runs.items()}
    for series, run in more:
        runs.setdefault(series, []).extend(clipped(state.series[series], (run,)))
    return {series: union(INTERVALS[series.interval], each) for series, each in runs.items()}


def _runs_of(watch: Watch) -> Stale:
    return ((series, run) for series, runs in watch.runs.items() for run in runs)


def _behind(config: ConsumerConfig, candles: Iterable[ValidatedCandle]) -> Stale:
    for candle in candles:
        series, open_time = candle.record.series, candle.record.open_time
        yield series, (open_time, last_changed(config, series, open_time))
        for reader in readers(config, series):
            yield reader, carried_by(config, reader, series, (open_time, open_time))


def _revisions(loaded: Loaded, series: Series) -> dict[Millis, int]:
    revisions: dict[Millis, int] = {}
    for load, rows in loaded.items():
        if load.series == series:
            revisions.update(zip(rows.open_time.tolist(), rows.revision.tolist(), strict=True))
    return revisions
