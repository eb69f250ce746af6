"""The embedded candle store: one DuckDB file for one stream. Implements `CandleStore`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from cryptostream.core.market.candle import CandleTable, EnrichedTable, Ints
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.ports import DirtyRange, StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.store import reading
from cryptostream.store.copying import Selection, Target, What, copy_enriched, copy_raw
from cryptostream.store.database import Database, open_database
from cryptostream.store.duckdb_ledger import DuckDbLedger
from cryptostream.store.duckdb_letters import DuckDbDeadLetters
from cryptostream.store.duckdb_notes import DuckDbNotes
from cryptostream.store.identity import Identity, claim, identity_of
from cryptostream.store.rows import Columns, enriched_columns, raw_columns
from cryptostream.store.schema import CANDLE, ENRICHED, OPTIONAL_FLOATS, OPTIONAL_INTEGERS, quoted, upsert

_STATED = tuple(name for name in CANDLE if name not in (*OPTIONAL_FLOATS, *OPTIONAL_INTEGERS))
_UPSERT_CANDLES = upsert("candle", _STATED, OPTIONAL_FLOATS, OPTIONAL_INTEGERS)


class DuckDbStore:
    """Candles of one stream, once per (symbol, interval, open time), at their newest revision.

    Safe to call from several threads. `ledger`, `dead_letters` and `notes` work on the same file beside it,
    until `close`. `fields` are the values of enriched rows that are read and written.
    """

    def __init__(
        self, database: Database, identity: Identity, symbols: Mapping[str, Symbol], fields: tuple[str, ...]
    ) -> None:
        self._database = database
        self._session = database.session()
        self._symbols = symbols
        self._upsert_rows = ""
        self._columns: tuple[str, ...] = ()
        self.identity = identity
        self.fields = fields
        self.ledger = DuckDbLedger(database.session(), identity.stream)
        self.dead_letters = DuckDbDeadLetters(database.session())
        self.notes = DuckDbNotes(database.session(), identity.stream)

    @classmethod
    def open(
        cls, directory: Path, *, stream: str, symbols: Mapping[str, Symbol], simulated: bool, fields: Iterable[str]
    ) -> "Result[DuckDbStore, StoreError]":
        """The store in `directory`, made if it is not there.

        Parameters
        ----------
        stream, simulated
            `<ns>.<name>`, and whether its candles are made up: a directory belongs to one stream for good.
        symbols
            By name, for the coins of enriched rows.
        fields
            Values of enriched rows; those of earlier runs keep their columns, which are NULL in new rows.
        """
        identity = Identity(stream, simulated)
        opened = open_database(directory)
        if isinstance(opened, Err):
            return opened
        store = cls(opened.value, identity, symbols, tuple(fields))
        claimed = claim(store._session, directory, identity)
        prepared = claimed if isinstance(claimed, Err) else store._add_columns()
        if isinstance(prepared, Err):
            store.close()
            return prepared
        return Ok(store)

    @classmethod
    def read(cls, directory: Path) -> "Result[DuckDbStore, StoreError]":
        """The store in `directory` as it is, for reading alone, with all fields it has."""
        opened = open_database(directory, read_only=True)
        if isinstance(opened, Err):
            return opened
        found = opened.value.session().attempt(lambda c: (identity_of(c), reading.indicator_fields(c)))
        if isinstance(found, Err):
            opened.value.close()
            return found
        return Ok(cls(opened.value, found.value[0], {}, found.value[1]))

    @property
    def atomic(self) -> bool:
        """A batch is one transaction."""
        return True

    def prepare(self, batch: StoreBatch) -> StoreBatch:
        """Nothing: it is one transaction."""
        return batch

    def write(self, batch: StoreBatch) -> Result[None, StoreError]:
        """Store `batch` in one transaction; its gaps are here already: the ledger is in the same file."""
        tables = [table for table in (*batch.enriched, *batch.replaced) if len(table)]
        unknown = {name for table in tables for name in table.values} - set(self.fields)
        if unknown:
            return Err(StoreError(f"the store was not opened with the fields {sorted(unknown)}", retryable=False))
        raw = raw_columns(batch.raw) if batch.raw else {}
        simulated = self.identity.simulated
        rows = enriched_columns(tables, self._columns, self._symbols, simulated=simulated) if tables else {}

        def work(connection: duckdb.DuckDBPyConnection) -> None:
            self._put(connection, _UPSERT_CANDLES, raw)
            self._put(connection, self._upsert_rows, rows)
            self._change_dirty(connection, batch)

        return self._session.transact(work)

    def raw(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, StoreError]:
        """Stored candles with open time in [start, end)."""
        return self._session.attempt(lambda c: reading.candles(c, self.identity.stream, series, start, end))

    def enriched(self, series: Series, start: Millis, end: Millis) -> Result[EnrichedTable, StoreError]:
        """Stored indicator rows with open time in [start, end)."""
        stream = self.identity.stream
        return self._session.attempt(lambda c: reading.enriched_rows(c, stream, series, start, end, fields=self.fields))

    def bounds(self, series: Series) -> Result[tuple[Millis, Millis] | None, StoreError]:
        """First and last stored open time, or None."""
        return self._session.attempt(lambda c: reading.bounds(c, self.identity.stream, series))

    def dirty(self) -> Result[tuple[DirtyRange, ...], StoreError]:
        """Ranges still to be computed again."""
        return self._session.attempt(lambda c: reading.dirty_ranges(c, self.identity.stream))

    def series(self) -> Result[tuple[Series, ...], StoreError]:
        """Series of which anything is stored: by symbol, then from the shortest interval on."""
        return self._session.attempt(lambda c: reading.stored_series(c, self.identity.stream))

    def counts(self) -> Result[dict[Series, int], StoreError]:
        """How many candles of each series are stored."""
        return self._session.attempt(lambda c: reading.counts(c, self.identity.stream))

    def opens(self, series: Series, start: Millis, limit: int) -> Result[Ints, StoreError]:
        """The first `limit` stored open times from `start` on."""
        return self._session.attempt(lambda c: reading.first_opens(c, self.identity.stream, series, start, limit))

    def copy(self, what: What, selection: Selection, target: Target) -> Result[int, StoreError]:
        """Write the selected rows into a file; returns how many."""
        stream = self.identity.stream
        if what == "raw":
            return self._session.attempt(lambda c: copy_raw(c, stream, selection, target))
        return self._session.attempt(lambda c: copy_enriched(c, stream, selection, target, self.fields))

    def close(self) -> None:
        """Release the file; ledger, dead letters and notes end with it."""
        self._database.close()

    def _add_columns(self) -> Result[None, StoreError]:
        """Give every field its column; columns of former fields are written as NULL."""

        def work(connection: duckdb.DuckDBPyConnection) -> None:
            known = reading.indicator_fields(connection)
            for name in self.fields:
                if name not in known:
                    connection.execute(f"ALTER TABLE indicators ADD COLUMN {quoted(name)} DOUBLE")
            self._columns = reading.indicator_fields(connection)
            self._upsert_rows = upsert("indicators", ENRICHED, self._columns, ())

        return self._session.transact(work)

    def _put(self, connection: duckdb.DuckDBPyConnection, statement: str, batch: Columns) -> None:
        """DuckDB finds `batch` by its name in this frame: a registered one would leak some memory each time."""
        if batch:
            connection.execute(statement, [self.identity.stream])

    def _change_dirty(self, connection: duckdb.DuckDBPyConnection, batch: StoreBatch) -> None:
        """Resolve before adding: what is left of a resolved range is added anew."""
        for ranges, statement in (
            (batch.resolve_dirty, "DELETE FROM dirty WHERE (stream, symbol, interval, start_time, end_time) = "),
            (batch.add_dirty, "INSERT OR IGNORE INTO dirty VALUES "),
        ):
            for each in ranges:
                values = [self.identity.stream, each.series.symbol, each.series.interval, each.start, each.end]
                connection.execute(f"{statement}(?, ?, ?, ?, ?)", values)
