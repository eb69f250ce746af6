"""Tables of the embedded store: names and columns as in the other stores, times in ms, `*_at` in µs. Pure."""

from collections.abc import Iterable
from typing import Final

VERSION: Final = 1
"""Of the tables below; a newer one in a file is refused."""

KEY: Final = ("stream", "symbol", "interval", "open_time")
TEXTS: Final = ("exchange", "coin", "symbol", "interval", "lane", "source")
FLOATS: Final = ("open", "high", "low", "close", "volume")
OPTIONAL_FLOATS: Final = ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
INTEGERS: Final = ("open_time", "close_time", "exchange_time", "published_at", "revision")
OPTIONAL_INTEGERS: Final = ("trades", "first_trade_id", "last_trade_id")
CANDLE: Final = (*TEXTS, *FLOATS, *OPTIONAL_FLOATS, *INTEGERS, *OPTIONAL_INTEGERS, "simulated", "flagged")
"""Columns of a candle besides its stream."""

ENRICHED_TEXTS: Final = ("exchange", "coin", "symbol", "interval")
ENRICHED_INTEGERS: Final = ("open_time", "revision", "hour", "weekday")
ENRICHED_FLAGS: Final = ("warm", "gap_in_window")
ENRICHED: Final = (*ENRICHED_TEXTS, *ENRICHED_INTEGERS, *ENRICHED_FLAGS, "simulated")
"""Columns of an enriched row besides its stream and one for each value of an indicator."""


def quoted(name: str) -> str:
    """`name` as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _columns(kind: str, names: Iterable[str]) -> str:
    return ", ".join(f"{quoted(name)} {kind}" for name in names)


TABLES: Final = (
    "CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)",
    "INSERT INTO meta SELECT 'created_at', epoch_us(now())::VARCHAR",
    f"""CREATE TABLE candle (
        {_columns("VARCHAR NOT NULL", ("stream", *TEXTS))},
        {_columns("BIGINT NOT NULL", INTEGERS)}, {_columns("BIGINT", OPTIONAL_INTEGERS)},
        {_columns("DOUBLE NOT NULL", FLOATS)}, {_columns("DOUBLE", OPTIONAL_FLOATS)},
        {_columns("BOOLEAN NOT NULL", ("simulated", "flagged"))},
        PRIMARY KEY ({", ".join(KEY)}))""",
    f"""CREATE TABLE indicators (
        {_columns("VARCHAR NOT NULL", ("stream", *ENRICHED_TEXTS))},
        {_columns("BIGINT NOT NULL", ENRICHED_INTEGERS)},
        {_columns("BOOLEAN NOT NULL", (*ENRICHED_FLAGS, "simulated"))},
        PRIMARY KEY ({", ".join(KEY)}))""",
    """CREATE TABLE gap (
        stream VARCHAR, symbol VARCHAR, interval VARCHAR, start_time BIGINT, end_time BIGINT NOT NULL,
        candles BIGINT NOT NULL, cause VARCHAR NOT NULL, state VARCHAR NOT NULL, detected_at BIGINT NOT NULL,
        resolved_at BIGINT, evidence VARCHAR, proof VARCHAR NOT NULL,
        PRIMARY KEY (stream, symbol, interval, start_time))""",
    """CREATE TABLE dirty (
        stream VARCHAR, symbol VARCHAR, interval VARCHAR, start_time BIGINT, end_time BIGINT,
        PRIMARY KEY (stream, symbol, interval, start_time, end_time))""",
    """CREATE TABLE dead_letter (
        identity VARCHAR PRIMARY KEY, reason VARCHAR NOT NULL, detail VARCHAR NOT NULL, stage VARCHAR NOT NULL,
        topic VARCHAR NOT NULL, "partition" INTEGER NOT NULL, "offset" BIGINT NOT NULL,
        symbol VARCHAR, interval VARCHAR, open_time BIGINT, "at" BIGINT NOT NULL,
        key BLOB NOT NULL, value BLOB NOT NULL)""",
    """CREATE TABLE coverage (
        stream VARCHAR, symbol VARCHAR, interval VARCHAR, start_time BIGINT, end_time BIGINT,
        PRIMARY KEY (stream, symbol, interval, start_time, end_time))""",
    """CREATE TABLE listing (
        stream VARCHAR, symbol VARCHAR, interval VARCHAR, open_time BIGINT NOT NULL,
        PRIMARY KEY (stream, symbol, interval))""",
    """CREATE TABLE run_totals (
        ended_at BIGINT PRIMARY KEY, published BIGINT NOT NULL, stored BIGINT NOT NULL, duplicates BIGINT NOT NULL,
        dead_lettered BIGINT NOT NULL, expired BIGINT NOT NULL)""",
)


def upsert(table: str, plain: Iterable[str], floats: Iterable[str], integers: Iterable[str]) -> str:
    """The statement that puts the relation `batch` into `table`, each row at its newest revision.

    Parameters
    ----------
    plain, floats, integers
        Columns of the batch; among `floats` NaN, among `integers` -1 becomes NULL. The one parameter of
        the statement is the stream.
    """
    values = {
        "stream": "?",
        **{name: quoted(name) for name in plain},
        **{name: f"nullif({quoted(name)}, 'nan'::DOUBLE)" for name in floats},
        **{name: f"nullif({quoted(name)}, -1)" for name in integers},
    }
    changed = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in values if name not in KEY)
    return (
        f"INSERT INTO {table} ({', '.join(map(quoted, values))}) "  # noqa: S608 - own names, quoted
        f"SELECT {', '.join(values.values())} FROM batch "
        f"ON CONFLICT DO UPDATE SET {changed} WHERE excluded.revision >= {table}.revision"
    )


def selection(plain: Iterable[str], floats: Iterable[str], integers: Iterable[str]) -> str:
    """Columns of a table to be read, the other way round: absent floats as NaN, absent integers as -1."""
    return ", ".join(
        (
            *map(quoted, plain),
            *(f"coalesce({quoted(name)}, 'nan'::DOUBLE) AS {quoted(name)}" for name in floats),
            *(f"coalesce({quoted(name)}, -1) AS {quoted(name)}" for name in integers),
        )
    )
