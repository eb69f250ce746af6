"""Refused records with their original bytes. Implements `DeadLetters`."""

from collections.abc import Sequence

import duckdb

from cryptostream.core.codec.dead_letter import identity
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DeadLetter, LogError
from cryptostream.core.result import Result, map_err
from cryptostream.store.database import Session, insert
from cryptostream.store.duckdb_ledger import log_error

_COLUMNS = (
    "identity",
    "reason",
    "detail",
    "stage",
    "topic",
    "partition",
    "offset",
    "symbol",
    "interval",
    "open_time",
    "at",
    "key",
    "value",
)


class DuckDbDeadLetters:
    """The table `dead_letter`: each refusal once, as it came first."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, letters: Sequence[DeadLetter]) -> Result[None, LogError]:
        """Keep `letters`; the same candle refused for the same reason again changes nothing."""
        rows = [_row(letter) for letter in letters]
        put = self._session.transact(lambda c: insert(c, "dead_letter", _COLUMNS, rows, otherwise="IGNORE"))
        return map_err(put, log_error)

    def places(self) -> Result[dict[Series, tuple[tuple[Millis, str], ...]], LogError]:
        """Open time and reason of each refused candle, by series, as far as they are known."""
        query = (
            "SELECT symbol, interval, open_time, min(reason) FROM dead_letter "
            "WHERE symbol IS NOT NULL AND interval IS NOT NULL AND open_time IS NOT NULL GROUP BY ALL ORDER BY ALL"
        )

        def work(connection: duckdb.DuckDBPyConnection) -> dict[Series, tuple[tuple[Millis, str], ...]]:
            found: dict[Series, list[tuple[Millis, str]]] = {}
            for symbol, interval, open_time, reason in connection.execute(query).fetchall():
                found.setdefault(Series(symbol, interval), []).append((open_time, reason))
            return {series: tuple(places) for series, places in found.items()}

        return map_err(self._session.attempt(work), log_error)


def _row(letter: DeadLetter) -> tuple[object, ...]:
    record, rejected = letter.record, letter.rejected
    why = (identity(letter), rejected.reason, rejected.detail, letter.stage)
    where = (record.topic, record.partition, record.offset)
    what = (letter.symbol, letter.interval, letter.open_time, letter.at * 1000)
    return (*why, *where, *what, record.key, record.value)
