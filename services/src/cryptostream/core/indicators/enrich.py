"""VALIDATED → ENRICHED: indicator rows as a pure function of stored candles (`window` has the rule), and
how far indicators reach: what has to be read for a row, and which rows a changed candle changes. Pure.

Every row also has `mean_oc` = (open + close) ÷ 2, `return` = close ÷ close of the grid slot before - 1
(NaN if that candle is absent), `range` = high - low, and hour and weekday of its open time in UTC.

Reach: with W the window, a row at grid index i reads [anchor - W, i], so a candle at index c is read by the
rows [c, (⌊c ÷ W⌋ + 2) · W - 1].
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from cryptostream.core.indicators.catalogue import Indicator
from cryptostream.core.indicators.window import evaluate, track
from cryptostream.core.market.candle import CandleTable, EnrichedTable, Floats, Ints
from cryptostream.core.market.interval import DAY, HOUR, INTERVALS, Interval, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import between, empty_table

THURSDAY = 3
"""Weekday of 1970-01-01, Monday being 0."""

_NOTHING: Mapping[str, CandleTable] = MappingProxyType({})
_UNKNOWN: Mapping[str, Millis | None] = MappingProxyType({})


def enrich(  # noqa: PLR0913 - all but the table are named by their callers
    table: CandleTable,
    *,
    series: Series,
    indicators: tuple[Indicator, ...],
    start: Millis,
    end: Millis,
    first_open: Millis | None,
    listing: Millis | None,
    longer: Mapping[str, CandleTable] = _NOTHING,
    longer_first: Mapping[str, Millis | None] = _UNKNOWN,
) -> EnrichedTable:
    """The enriched rows of the candles of `table` with open time in [start, end).

    Parameters
    ----------
    table
        Everything stored of `series` from `needed_from(indicators, interval, start)` to `end`.
    first_open
        Open time of the first candle stored of the series; None takes the first of `table`.
    listing
        When the symbol was listed, in ms; None if unknown.
    longer, longer_first
        By interval: everything stored of the symbol's longer series from `needed_from_longer` on, and
        the first open time stored there. An interval that is not here has nothing stored.
    """
    interval = INTERVALS[series.interval]
    rows = between(table, start, end)
    values: dict[str, Floats] = {}
    warm, gap = np.ones(len(rows), bool), np.zeros(len(rows), bool)
    own = track(table, interval, first_open, listing)
    places = {series.interval: (own, interval.indices(rows.open_time))}
    for indicator in indicators:
        if not indicator.is_on(interval):
            continue
        name = indicator.with_interval or series.interval
        if name not in places:
            beside = track(longer.get(name, empty_table()), INTERVALS[name], longer_first.get(name), listing)
            places[name] = beside, _last_closed(interval, rows.open_time, INTERVALS[name])
        found = evaluate(indicator, *places[name])
        values |= zip(indicator.fields, found.columns, strict=True)
        warm, gap = warm & found.warm, gap | found.gap
    return EnrichedTable(
        series=series,
        open_time=rows.open_time,
        revision=rows.revision,
        values=values | _always(table, own.index, rows),
        warm=warm,
        gap_in_window=gap,
        hour=rows.open_time // HOUR % 24,
        weekday=(rows.open_time // DAY + THURSDAY) % 7,
    )


def _last_closed(interval: Interval, opens: Ints, longer: Interval) -> Ints:
    """Grid index of the last `longer` candle whose scheduled close is not after that of the row: no look-ahead."""
    return longer.indices(opens + interval.step) - 1


def _always(table: CandleTable, index: Ints, rows: CandleTable) -> dict[str, Floats]:
    """The values that need no declaration."""
    place = int(table.open_time.searchsorted(rows.open_time[0])) if len(rows) else 0
    close = np.concatenate(([np.nan], table.close))[place : place + len(rows)]
    before = np.concatenate(([-2], index))[place : place + len(rows)]
    own = index[place : place + len(rows)]
    return {
        "mean_oc": (rows.open + rows.close) / 2,
        "return": np.where(before == own - 1, rows.close / close - 1, np.nan),
        "range": rows.high - rows.low,
    }


def needed_from(indicators: Iterable[Indicator], series_interval: Interval, start: Millis) -> Millis:
    """Earliest candle of the row's own series that rows from `start` on read (never before 1970)."""
    index = series_interval.index(start)
    lows = (_low(indicator, index) for indicator in indicators if indicator.with_interval is None)
    return _open_at(series_interval, min((index - 1, *lows)))


def needed_from_longer(indicators: Iterable[Indicator], series_interval: Interval, start: Millis) -> dict[str, Millis]:
    """Earliest candle of each longer interval that rows of `series_interval` from `start` on read."""
    needed: dict[str, Millis] = {}
    for indicator in indicators:
        if (name := indicator.with_interval) is None or not indicator.is_on(series_interval):
            continue
        longer = INTERVALS[name]
        low = _open_at(longer, _low(indicator, longer.index(series_interval.next(start)) - 1))
        needed[name] = min(low, needed.get(name, low))
    return needed


def affected_until(indicators: Iterable[Indicator], interval: Interval, open_time: Millis) -> Millis:
    """Last row of a series of `interval` that may change when its candle at `open_time` appears or changes.

    A candle that comes before the first one stored moves the beginning of the series: then rows up to
    `affected_until` of the former first candle may change their flags.
    """
    index = interval.index(open_time)
    highs = (_high(indicator, index) for indicator in indicators if indicator.with_interval is None)
    return interval.open_at(max((index + 1, *highs)))


def affected_by_longer(
    indicators: Iterable[Indicator], series_interval: Interval, longer_interval: Interval, open_time: Millis
) -> tuple[Millis, Millis] | None:
    """First and last row of `series_interval` that may change when the longer candle at `open_time` changes.

    None where no indicator carries values of `longer_interval` to rows of `series_interval`. What
    `affected_until` says of a new first candle holds here too.
    """
    index = longer_interval.index(open_time)
    highs = [
        _high(indicator, index)
        for indicator in indicators
        if indicator.with_interval == longer_interval.name and indicator.is_on(series_interval)
    ]
    if not highs:
        return None
    # The candle is the last closed one for rows that close within the candle after it.
    first = series_interval.ceil(longer_interval.open_at(index + 1))
    last = series_interval.floor(longer_interval.open_at(max(highs) + 2) - 1)
    return series_interval.shift(first, -1), series_interval.shift(last, -1)


def _low(indicator: Indicator, index: int) -> int:
    return (index // indicator.window - 1) * indicator.window


def _high(indicator: Indicator, index: int) -> int:
    return (index // indicator.window + 2) * indicator.window - 1


def _open_at(interval: Interval, index: int) -> Millis:
    return interval.open_at(max(index, 0))
