"""Who is told what the consumer does: a part of `observe.metrics.Metrics`, as a protocol."""

from collections.abc import Iterable
from typing import Literal, Protocol

from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.reject import Reason
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DeadLetter
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_letters import Stage, placed
from cryptostream.core.stream.consumer_state import ConsumerState, Outcome
from cryptostream.observe.logs import Log

Awaited = Literal["store", "log"]
"""Parts that the consumer may have to wait for."""


class Observer(Protocol):
    """Counts what happened. Called from the consumer's thread."""

    def stored(self, series: Series, candles: int = 1, latencies: Iterable[float] = ()) -> None:
        """`latencies`: seconds from close to stored, of live candles."""

    def stored_before(self, series: Series, candles: int = 1) -> None:
        """Records whose (candle, revision) was already stored."""

    def dead_lettered(self, stage: Stage, reason: Reason, series: Series | None = None) -> None:
        """A record was refused; `series` None: it belongs to none of this stream."""

    def newest(self, series: Series, close_time: Millis) -> None:
        """The newest stored candle was scheduled to close at `close_time`."""

    def rollup_mismatched(self, series: Series) -> None:
        """A candle is not the sum of its parts."""

    def waits(self, part: Awaited | None, since: Millis) -> None:
        """`part` has not answered since then (ms of the exchange's clock); None: all do."""

    def expired(self, series: Series, candles: int) -> None:
        """Candles were published and are not there: the log deleted them before they were read."""

    def unaccounted(self, records: int) -> None:
        """So many records were read, or dealt with, that the counts do not explain."""


def ages(outcome: Outcome, now: Millis) -> dict[Series, tuple[Millis, ...]]:
    """Of each live candle that was stored at `now` (exchange time): how long ago it was to close."""
    return {
        series: tuple(now - INTERVALS[series.interval].close_time(open_time) for open_time in opens)
        for series, opens in outcome.live.items()
    }


def tell_stored(observer: Observer, state: ConsumerState, outcome: Outcome, now: Millis) -> None:
    """Tell of a batch that was stored at `now`."""
    latencies = ages(outcome, now)
    for series, counts in outcome.counts.items():
        newest = state.series[series].newest
        if counts.stored and newest is not None:
            observer.stored(series, counts.stored, [age / 1000 for age in latencies.get(series, ())])
            observer.newest(series, INTERVALS[series.interval].close_time(newest))
        if counts.duplicates:
            observer.stored_before(series, counts.duplicates)


def tell_refused(observer: Observer, log: Log, config: ConsumerConfig, letters: Iterable[DeadLetter]) -> None:
    """Tell of dead letters, one by one."""
    for each in letters:
        reason, series = each.rejected.reason, placed(config, each)
        observer.dead_lettered(each.stage, reason, series)
        log.warning(
            "dead_letter",
            stage=each.stage,
            reason=reason,
            detail=each.rejected.detail,
            series=None if series is None else str(series),
            open_time=each.open_time,
        )
