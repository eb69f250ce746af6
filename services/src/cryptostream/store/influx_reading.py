"""Questions to InfluxDB and their answers as columns. Pure.

InfluxQL answers ranges of a series several times faster than Flux, and every bucket answers to it by its own name. The
answers are MessagePack: it carries floats bit for bit, and it tells what went wrong. A question that fails is
answered with HTTP 200 all the same, and in CSV with nothing at all, which would look like an empty store.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from cryptostream.core.market.candle import CandleTable, EnrichedTable
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import COLUMNS
from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.influx_shedding import Bare

PAGE: Final = 10_000
"""Candles of one answer at most, which are Python's objects at one time; the rest are columns."""
LATEST: Final = 9_223_372_036_854
"""The last millisecond that InfluxDB knows."""
_INTEGERS: Final = frozenset({"trades", "close_time", "first_trade_id", "last_trade_id", "revision", "hour", "weekday"})
_FLAGS: Final = frozenset({"warm", "gap_in_window"})
_ROW_META: Final = ("revision", "hour", "weekday", "warm", "gap_in_window")
CANDLE_FIELDS: Final = tuple(name for name in COLUMNS if name != "open_time")
Columns = dict[str, NDArray[Any]]
Span = tuple[Millis, Millis]


# ---------------------------------------------------------------- questions


def select(stream: str, measurement: str, fields: Iterable[str], series: Series, span: Span) -> str:
    """The query for `fields` of the points of `series` with time in [span[0], span[1]), ascending."""
    wanted = ", ".join(map(_identifier, fields))
    times = f"time >= {span[0]}ms AND time < {min(span[1], LATEST)}ms"
    return f"SELECT {wanted} FROM {_identifier(measurement)} WHERE {_tags(stream, series)} AND {times}"  # noqa: S608 - quoted


def outermost(stream: str, measurement: str, series: Series) -> str:
    """The query for the first point of a series and its last one."""
    points = f'SELECT "revision" FROM {_identifier(measurement)} WHERE {_tags(stream, series)}'  # noqa: S608 - quoted
    return f"{points} ORDER BY time ASC LIMIT 1; {points} ORDER BY time DESC LIMIT 1"


def any_with(stream: str, bare: Bare) -> str:
    """The query whose answer has a row if one of these points has one of the fields that they must not have."""
    query = select(stream, bare.measurement, bare.fields, bare.series, (bare.first, bare.last + 1))
    return f"{query} LIMIT 1"


def predicate(stream: str, bare: Bare) -> str:
    """Which points a deletion is about, besides their time."""
    series = bare.series
    tags = {"_measurement": bare.measurement, "stream": stream, "symbol": series.symbol, "interval": series.interval}
    return " AND ".join(f'{name}="{value}"' for name, value in tags.items())


def fits_a_page(series: Series, span: Span) -> bool:
    """Whether not more than a page of candles can be in `span`."""
    interval = INTERVALS[series.interval]
    return interval.index(span[1]) - interval.index(span[0]) <= PAGE


def pages(series: Series, span: Span) -> Iterator[Span]:
    """`span` in stretches of at most a page. A LIMIT would not do: with it, InfluxDB opens every shard of the range."""
    interval, (start, end) = INTERVALS[series.interval], span
    while start < end:
        stop = min(interval.shift(start, PAGE), end)
        yield start, stop
        start = stop


def _tags(stream: str, series: Series) -> str:
    tags = {"stream": stream, "symbol": series.symbol, "interval": series.interval}
    return " AND ".join(f"{name} = {_text(value)}" for name, value in tags.items())


def _identifier(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


# ---------------------------------------------------------------- answers


class _Rows(msgspec.Struct):
    values: list[list[Any]]


class _Part(msgspec.Struct):
    """The answer to one statement. Its rows may be cut short."""

    series: tuple[_Rows, ...] = ()
    error: str | None = None
    partial: bool = False


class _Whole(msgspec.Struct):
    results: tuple[_Part, ...] = ()
    error: str | None = None


_DECODER: Final = msgspec.msgpack.Decoder(_Whole)


Row = list[Any]
"""Its time first, then its fields in the order in which they were asked for; None where it has none."""


def answered(body: bytes) -> Result[list[list[Row]], str]:
    """The rows that answer each statement; `Err` has InfluxDB's words."""
    try:
        whole = _DECODER.decode(body)
    except msgspec.MsgspecError as fault:
        return Err(f"an answer that cannot be read: {fault}")
    said = next((each for each in (whole.error, *(part.error for part in whole.results)) if each is not None), None)
    if said is not None:
        return Err(said)
    if any(part.partial for part in whole.results):
        return Err("an answer that is cut short")
    return Ok([[row for rows in part.series for row in rows.values] for part in whole.results])


def columns(rows: Sequence[Row], fields: Iterable[str]) -> Columns:
    """`open_time` and the fields that were asked for, in their order. An absent float is NaN, an absent integer -1."""
    names = ("open_time", *fields)
    cells: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: _column(name, each) for name, each in zip(names, cells, strict=True)}


def _column(name: str, cells: Sequence[Any]) -> NDArray[Any]:
    if name in _FLAGS:
        return np.array(cells, np.bool_)
    if name == "open_time" or name in _INTEGERS:
        return np.array([-1 if cell is None else cell for cell in cells], np.int64)
    return np.array(cells, np.float64)


def joined(parts: Sequence[Columns], fields: Iterable[str]) -> Columns:
    """The columns of all `parts`, one after the other."""
    if len(parts) == 1:
        return parts[0]
    empty = columns((), fields)
    return {name: np.concatenate([empty[name], *(part[name] for part in parts)]) for name in empty}


def candle_table(found: Columns) -> CandleTable:
    """The candles in an answer."""
    return CandleTable(**found)


def enriched_table(series: Series, fields: Iterable[str], found: Mapping[str, NDArray[Any]]) -> EnrichedTable:
    """The rows in an answer."""
    meta = {name: found[name] for name in ("open_time", *_ROW_META)}
    return EnrichedTable(series=series, values={name: found[name] for name in fields}, **meta)


def row_fields(fields: Iterable[str]) -> tuple[str, ...]:
    """What is asked for of enriched rows."""
    return (*fields, *_ROW_META)
