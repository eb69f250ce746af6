"""What stored points must not keep: fields which are absent from the points that are written over them. Pure.

InfluxDB merges the fields of a point that is written again, so a field that has become undefined would stay. Such a
point is deleted first, and only if it is there with such a field: deletions are slow, and one that comes late
takes away what was written since.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, groupby
from typing import Final

import msgspec
import numpy as np

from cryptostream.core.market.candle import EnrichedTable, ValidatedCandle
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series

_OF_CANDLE: Final = ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
_OF_RECORD: Final = ("trades", "first_trade_id", "last_trade_id")
Fields = tuple[str, ...]


class Bare(msgspec.Struct, frozen=True):
    """Points which are to be written without `fields`: neighbours on the grid of a series, from `first` to `last`."""

    measurement: str
    series: Series
    first: Millis
    last: Millis
    fields: Fields


def bare_candles(candles: Sequence[ValidatedCandle]) -> Iterator[Bare]:
    """Restated candles which lack something that their earlier revision may have had."""
    restated = [candle for candle in candles if candle.record.revision]
    points = sorted({(each.record.series, each.record.open_time, _absent(each)) for each in restated})
    for series, of_series in groupby(points, key=lambda point: point[0]):
        yield from _runs("candle", series, ((open_time, fields) for _, open_time, fields in of_series))


def _absent(candle: ValidatedCandle) -> Fields:
    return (
        *(name for name in _OF_CANDLE if getattr(candle, name) is None),
        *(name for name in _OF_RECORD if getattr(candle.record, name) is None),
    )


def bare_rows(tables: Iterable[EnrichedTable]) -> Iterator[Bare]:
    """Rows which are written again and in which something is undefined."""
    for table in tables:
        absent = {name: ~np.isfinite(column) for name, column in table.values.items()}
        rows = np.flatnonzero(np.logical_or.reduce(tuple(absent.values()))) if absent else ()
        patterns = zip(*(column[rows].tolist() for column in absent.values()), strict=True)
        opens = table.open_time[rows].tolist()
        points = zip(opens, (tuple(compress(absent, pattern)) for pattern in patterns), strict=True)
        yield from _runs("indicators", table.series, points)


def _runs(measurement: str, series: Series, points: Iterable[tuple[Millis, Fields]]) -> Iterator[Bare]:
    """Ascending points that lack something, together where they are neighbours and lack the same."""
    interval, run = INTERVALS[series.interval], None
    for open_time, fields in points:
        if run is not None and (run.fields, interval.next(run.last)) == (fields, open_time):
            run = Bare(measurement, series, run.first, open_time, fields)
            continue
        if run is not None:
            yield run
        run = Bare(measurement, series, open_time, open_time, fields) if fields else None
    if run is not None:
        yield run
