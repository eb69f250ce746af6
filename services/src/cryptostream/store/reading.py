"""Questions to an open database of one stream; every function is one query on a cursor."""

from collections.abc import Iterable

import duckdb

from cryptostream.core.market.candle import CandleTable, EnrichedTable, Ints
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import COLUMNS
from cryptostream.core.ports import DirtyRange
from cryptostream.store.rows import candle_table, enriched_table
from cryptostream.store.schema import (
    ENRICHED,
    ENRICHED_FLAGS,
    ENRICHED_INTEGERS,
    OPTIONAL_FLOATS,
    OPTIONAL_INTEGERS,
    selection,
)

_IN_RANGE = "stream = ? AND symbol = ? AND interval = ? AND open_time >= ? AND open_time < ?"
_CANDLES = selection(
    (name for name in COLUMNS if name not in (*OPTIONAL_FLOATS, *OPTIONAL_INTEGERS)),
    OPTIONAL_FLOATS,
    OPTIONAL_INTEGERS,
)


def candles(
    connection: duckdb.DuckDBPyConnection, stream: str, series: Series, start: Millis, end: Millis
) -> CandleTable:
    """Stored candles with open time in [start, end)."""
    query = f"SELECT {_CANDLES} FROM candle WHERE {_IN_RANGE} ORDER BY open_time"  # noqa: S608 - own names
    answer = connection.execute(query, [stream, series.symbol, series.interval, start, end])
    return candle_table(answer.fetchnumpy())


def enriched_rows(  # noqa: PLR0913 - a range of a series of a stream, and which columns of it
    connection: duckdb.DuckDBPyConnection,
    stream: str,
    series: Series,
    start: Millis,
    end: Millis,
    *,
    fields: Iterable[str],
) -> EnrichedTable:
    """Stored indicator rows with open time in [start, end)."""
    names = tuple(fields)
    columns = selection((*ENRICHED_INTEGERS, *ENRICHED_FLAGS), names, ())
    query = f"SELECT {columns} FROM indicators WHERE {_IN_RANGE} ORDER BY open_time"  # noqa: S608 - quoted names
    answer = connection.execute(query, [stream, series.symbol, series.interval, start, end])
    return enriched_table(series, names, answer.fetchnumpy())


def stored_opens(
    connection: duckdb.DuckDBPyConnection, stream: str, series: Series, start: Millis, end: Millis
) -> Ints:
    """Open times of the stored candles in [start, end), ascending."""
    query = f"SELECT open_time FROM candle WHERE {_IN_RANGE} ORDER BY open_time"  # noqa: S608 - own names
    answer = connection.execute(query, [stream, series.symbol, series.interval, start, end])
    opens: Ints = answer.fetchnumpy()["open_time"]
    return opens


def first_opens(connection: duckdb.DuckDBPyConnection, stream: str, series: Series, start: Millis, limit: int) -> Ints:
    """The first `limit` stored open times from `start` on."""
    query = (
        "SELECT open_time FROM candle WHERE stream = ? AND symbol = ? AND interval = ? AND open_time >= ? "
        "ORDER BY open_time LIMIT ?"
    )
    opens: Ints = connection.execute(query, [stream, series.symbol, series.interval, start, limit]).fetchnumpy()[
        "open_time"
    ]
    return opens


def bounds(connection: duckdb.DuckDBPyConnection, stream: str, series: Series) -> tuple[Millis, Millis] | None:
    """First and last open time stored of a series."""
    query = "SELECT min(open_time), max(open_time) FROM candle WHERE stream = ? AND symbol = ? AND interval = ?"
    row = connection.execute(query, [stream, series.symbol, series.interval]).fetchone()
    return None if row is None or row[0] is None else (int(row[0]), int(row[1]))


def counts(connection: duckdb.DuckDBPyConnection, stream: str) -> dict[Series, int]:
    """How many candles of each series are stored."""
    query = "SELECT symbol, interval, count(*) FROM candle WHERE stream = ? GROUP BY ALL"
    rows = connection.execute(query, [stream]).fetchall()
    return {Series(symbol, interval): number for symbol, interval, number in rows}


def stored_series(connection: duckdb.DuckDBPyConnection, stream: str) -> tuple[Series, ...]:
    """Series with candles, indicator rows or gaps: by symbol, then from the shortest interval on."""
    query = " UNION ".join(
        f"SELECT DISTINCT symbol, interval FROM {table} WHERE stream = $stream"  # noqa: S608 - own names
        for table in ("candle", "indicators", "gap", "coverage")
    )
    found = (Series(symbol, interval) for symbol, interval in connection.execute(query, {"stream": stream}).fetchall())
    order = tuple(INTERVALS)
    return tuple(sorted(found, key=lambda series: (series.symbol, order.index(series.interval))))


def indicator_fields(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Columns of indicator values, in the order in which they came to be."""
    query = "SELECT column_name FROM duckdb_columns() WHERE table_name = 'indicators' ORDER BY column_index"
    names = (str(row[0]) for row in connection.execute(query).fetchall())
    return tuple(name for name in names if name not in ("stream", *ENRICHED))


def dirty_ranges(connection: duckdb.DuckDBPyConnection, stream: str) -> tuple[DirtyRange, ...]:
    """Ranges still to be computed again."""
    query = "SELECT symbol, interval, start_time, end_time FROM dirty WHERE stream = ? ORDER BY ALL"
    rows = connection.execute(query, [stream]).fetchall()
    return tuple(DirtyRange(Series(symbol, interval), start, end) for symbol, interval, start, end in rows)
