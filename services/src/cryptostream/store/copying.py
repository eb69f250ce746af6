"""Copies stored candles and enriched rows into files for other tools. Every name and value is bound or quoted."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import duckdb
import msgspec

from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.store.schema import ENRICHED_FLAGS, FLOATS, OPTIONAL_FLOATS, quoted

What = Literal["raw", "enriched"]
Format = Literal["parquet", "csv"]

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


def copy_rows(  # noqa: PLR0913 - what, of which stream, where to
    connection: duckdb.DuckDBPyConnection,
    stream: str,
    selection: Selection,
    *,
    what: What,
    fields: Iterable[str],
    to: Path,
    form: Format,
) -> int:
    """Write the selected rows to `to`, by symbol, interval (shortest first) and open time; returns how many.

    Enriched rows stand beside the candle that they belong to; those of an older revision are left out.
    """
    values = (*fields, *ENRICHED_FLAGS, "hour", "weekday") if what == "enriched" else ()
    columns = ", ".join((*(f"c.{quoted(name)}" for name in _CANDLE), *(f"i.{quoted(name)}" for name in values)))
    joined = "JOIN indicators i USING (stream, symbol, interval, open_time, revision)" if what == "enriched" else ""
    options = "FORMAT parquet, COMPRESSION zstd" if form == "parquet" else "FORMAT csv, HEADER"
    statement = f"""COPY (
        SELECT {columns} FROM candle c {joined}
        WHERE c.stream = $stream AND c.open_time >= $start AND c.open_time < $end
        AND list_contains($symbols, c.symbol) AND list_contains($intervals, c.interval)
        ORDER BY c.symbol, list_position($order, c.interval), c.open_time) TO $file ({options})"""  # noqa: S608 - quoted
    bound = {
        "stream": stream,
        "symbols": list(selection.symbols),
        "intervals": list(selection.intervals),
        "start": selection.start,
        "end": selection.end,
        "order": list(INTERVALS),
        "file": str(to.absolute()),
    }
    row = connection.execute(statement, bound).fetchone()
    return int(row[0]) if row else 0
