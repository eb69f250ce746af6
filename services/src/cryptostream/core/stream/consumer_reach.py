"""How far a candle reaches: what has to be known for its rows, and which rows it changes. Pure.

`core.indicators.enrich` says it for one series; here it is put together for a series and its longer and
shorter relatives, which meet in indicators with `withInterval`.
"""

from collections.abc import Iterable, Mapping

from cryptostream.core.indicators.enrich import (
    affected_by_longer,
    affected_until,
    enrich,
    needed_from,
    needed_from_longer,
)
from cryptostream.core.market.candle import EnrichedTable
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_state import SeriesMemory
from cryptostream.core.stream.runs import Run
from cryptostream.core.stream.windows import Window, find


def own(config: ConsumerConfig, series: Series, run: Run) -> Run:
    """The rows of `series` that the enriched rows of `run` are computed from."""
    return needed_from(config.indicators, INTERVALS[series.interval], run[0]), run[1]


def span_of(config: ConsumerConfig, series: Series, run: Run) -> Run:
    """The rows of `series` that are needed for, or changed by, new candles in `run`."""
    return own(config, series, run)[0], last_changed(config, series, run[1])


def last_changed(config: ConsumerConfig, series: Series, open_time: Millis) -> Millis:
    """The last row that the candle at `open_time` can change."""
    return affected_until(config.indicators, INTERVALS[series.interval], open_time)


def reads(config: ConsumerConfig, series: Series, run: Run) -> dict[Series, Run]:
    """The rows of longer series that the enriched rows of `run` carry values of."""
    starts = needed_from_longer(config.indicators, INTERVALS[series.interval], run[0])
    return {Series(series.symbol, name): (start, INTERVALS[name].floor(run[1])) for name, start in starts.items()}


def readers(config: ConsumerConfig, series: Series) -> Iterable[Series]:
    """The shorter series whose rows carry values of `series`."""
    return (config.series[series.symbol, name] for name in config.readers[series.interval])


def relatives(config: ConsumerConfig, series: Series) -> Iterable[Series]:
    """The other series which a candle of `series` has to do with: read by its rows, reading them, made up of them."""
    names = (*config.carried[series.interval], *config.readers[series.interval], *wholes(config, series.interval))
    return (config.series[series.symbol, name] for name in dict.fromkeys(names))


def wholes(config: ConsumerConfig, interval: str) -> Iterable[str]:
    """The intervals whose candles are checked against those of `interval`."""
    return (whole for whole, part in config.parts.items() if part == interval)


def carried_by(config: ConsumerConfig, reader: Series, longer: Series, run: Run) -> Run:
    """The rows of `reader` that candles of `longer` in `run` can change."""
    first, last = (
        affected_by_longer(config.indicators, INTERVALS[reader.interval], INTERVALS[longer.interval], open_time)
        for open_time in run
    )
    return (first or run)[0], (last or run)[1]


def enrich_run(
    config: ConsumerConfig,
    memories: Mapping[Series, SeriesMemory],
    windows: Mapping[Series, tuple[Window, ...]],
    series: Series,
    run: Run,
) -> EnrichedTable:
    """The enriched rows of all stored candles in `run`, from what `windows` know."""
    carried = reads(config, series, run)
    return enrich(
        find(windows[series], own(config, series, run)),
        series=series,
        indicators=config.indicators,
        start=run[0],
        end=run[1] + 1,
        first_open=memories[series].first_open,
        listing=memories[series].listing,
        longer={longer.interval: find(windows[longer], span) for longer, span in carried.items()},
        longer_first={longer.interval: memories[longer].first_open for longer in carried},
    )
