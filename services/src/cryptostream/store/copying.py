"""Copies stored candles and enriched rows into files for other tools. Every name and value is bound or quoted.

Rows are put in order piece by piece in a database beside the file, because sorting and joining all of them at
once needs memory that grows with their number.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import duckdb
import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.store.reading import first_opens, stored_series
from cryptostream.store.schema import ENRICHED_FLAGS, FLOATS, OPTIONAL_FLOATS, quoted

What = Literal["raw", "enriched"]
Format = Literal["parquet", "csv"]

PAGE = 20_000
"""Rows of a piece, and of a row group."""
_OPTIONS = {"parquet": f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {PAGE}", "csv": "FORMAT csv, HEADER"}
_CANDLE = (
    *("stream", "exchange", "coin", "symbol", "interval", "open_time", "close_time"),
    *(*FLOATS, *OPTIONAL_FLOATS, "trades", "first_trade_id", "last_trade_id"),
    *("flagged", "lane", "source", "exchange_time", "published_at", "revision", "simulated"),
)


class Selection(msgspec.Struct, frozen=True):
    """Which rows: open times in [start, end), of these symbols and intervals."""

    symbols: tuple[str, ...]
    intervals: tuple[str, ...]
    start: Millis
    end: Millis


class Target(msgspec.Struct, frozen=True):
    """A file, its form, and a place for a database that is removed again."""

    file: Path
    form: Format
    aside: Path


def copy_raw(connection: duckdb.DuckDBPyConnection, stream: str, selection: Selection, target: Target) -> int:
    """Write candles by symbol, interval (shortest first) and open time; returns how many."""
    columns = ", ".join(f"c.{quoted(name)}" for name in _CANDLE)
    return _copy(connection, f"SELECT {columns} FROM candle c", _pieces(connection, stream, selection), target)  # noqa: S608 - own names, quoted


def copy_enriched(
    connection: duckdb.DuckDBPyConnection, stream: str, selection: Selection, target: Target, fields: Iterable[str]
) -> int:
    """Write enriched rows beside the candle that they belong to; those of an older revision are left out."""
    values = (*fields, *ENRICHED_FLAGS, "hour", "weekday")
    columns = ", ".join((*(f"c.{quoted(name)}" for name in _CANDLE), *(f"i.{quoted(name)}" for name in values)))
    joined = "candle c JOIN indicators i USING (stream, symbol, interval, open_time, revision)"
    query = f"SELECT {columns} FROM {joined}"  # noqa: S608 - own names, quoted
    return _copy(connection, query, _pieces(connection, stream, selection), target)


def _pieces(
    connection: duckdb.DuckDBPyConnection, stream: str, selection: Selection
) -> Iterator[dict[str, str | Millis]]:
    """Stream, series and range of open times of each piece, in the order of the rows."""
    for series in stored_series(connection, stream):
        if series.symbol not in selection.symbols or series.interval not in selection.intervals:
            continue
        start = selection.start
        while start < selection.end:
            opens = first_opens(connection, stream, series, start, PAGE)
            end = int(opens[-1]) + 1 if len(opens) == PAGE else selection.end
            yield _piece(stream, series, start, min(end, selection.end))
            start = end


def _piece(stream: str, series: Series, start: Millis, end: Millis) -> dict[str, str | Millis]:
    return {"stream": stream, "symbol": series.symbol, "interval": series.interval, "start": start, "end": end}


def _copy(
    connection: duckdb.DuckDBPyConnection, query: str, pieces: Iterable[dict[str, str | Millis]], target: Target
) -> int:
    piece_query = f"""{query} WHERE c.stream = $stream AND c.symbol = $symbol AND c.interval = $interval
        AND c.open_time >= $start AND c.open_time < $end ORDER BY c.open_time"""
    connection.execute("ATTACH ? AS aside (READ_WRITE)", [str(target.aside.absolute())])
    try:
        connection.execute(f"CREATE TABLE aside.copied AS {query} LIMIT 0")
        for piece in pieces:
            connection.execute(f"INSERT INTO aside.copied {piece_query}", piece)
        written = connection.execute(f"COPY aside.copied TO ? ({_OPTIONS[target.form]})", [str(target.file.absolute())])
        row = written.fetchone()
        return int(row[0]) if row else 0
    finally:
        connection.execute("DETACH aside")
