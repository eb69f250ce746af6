"""One DuckDB file: opening it, transactions, and faults as values.

The only place that knows how DuckDB fails. A file belongs to one process at a time.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Literal, TypeVar

import duckdb

from cryptostream.core.ports import StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.directory import DATABASE
from cryptostream.store.schema import TABLES, VERSION, quoted

T = TypeVar("T")

_LIMIT = "64MB"
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": _LIMIT,
    "threads": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_PASSING = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException)
"""Faults after which the same call may succeed."""
_SWEEP_EVERY = 256
"""Transactions after which DuckDB's queue of evictable blocks is emptied."""


class _Turns:
    """Whose turn it is at one database: one call at a time, of all its sessions."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._transactions = 0

    def written(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Count a transaction, and sweep when it is time.

        DuckDB remembers every block that a transaction has let go of until it must evict one, or has tens of
        thousands of them: some kilobytes a write, which a run of many small ones keeps for hours. An
        impossible limit makes it go through them; what was cached is read again from the file.
        """
        self._transactions += 1
        if self._transactions % _SWEEP_EVERY == 0:
            with contextlib.suppress(duckdb.OutOfMemoryException):  # how it says that something has to stay
                connection.execute("SET memory_limit = '1KB'")
            connection.execute(f"SET memory_limit = '{_LIMIT}'")


class Session:
    """A cursor: what one port works with, from any thread."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, turns: _Turns) -> None:
        self._connection = connection
        self._turns = turns

    def attempt(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Result[T, StoreError]:
        """What `work` returns; a fault of the database is an error."""
        with self._turns.lock:
            try:
                return Ok(work(self._connection))
            except duckdb.Error as fault:
                return Err(StoreError(_first_line(fault), retryable=isinstance(fault, _PASSING)))

    def transact(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Result[T, StoreError]:
        """As `attempt`; all that `work` writes is durable together, or nothing of it is there."""

        def whole(connection: duckdb.DuckDBPyConnection) -> T:
            connection.begin()
            try:
                value = work(connection)
                connection.commit()
            except BaseException:
                with contextlib.suppress(duckdb.Error):  # a failed commit has rolled back already
                    connection.rollback()
                raise
            self._turns.written(connection)
            return value

        return self.attempt(whole)

    def close(self) -> None:
        """Give the cursor back."""
        with self._turns.lock:
            self._connection.close()


class Database:
    """An open file. Each part that works on it takes a session of its own."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._turns = _Turns()
        self._sessions: list[Session] = []

    def session(self) -> Session:
        """A new session; it ends with the database."""
        session = Session(self._connection.cursor(), self._turns)
        self._sessions.append(session)
        return session

    def close(self) -> None:
        """Bring everything into the file and release it."""
        for session in self._sessions:
            session.close()
        self._connection.close()


def open_database(directory: Path, *, read_only: bool = False) -> Result[Database, StoreError]:
    """The database in `directory`, made if it is not there (unless `read_only`)."""
    file = directory / DATABASE
    if read_only and not file.is_file():
        return Err(StoreError(f"{directory} holds no stored stream: name the data directory of a run", retryable=False))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(file), read_only=read_only, config=_CONFIG)
    except OSError as fault:
        return Err(StoreError(f"{directory} cannot be made: {fault.strerror}", retryable=False))
    except duckdb.Error as fault:
        return Err(_opening_error(directory, fault))
    database = Database(connection)
    checked = _check_schema(database.session(), directory, read_only=read_only)
    if isinstance(checked, Err):
        database.close()
        return checked
    return Ok(database)


def _opening_error(directory: Path, fault: duckdb.Error) -> StoreError:
    if "lock" in str(fault) or isinstance(fault, duckdb.ConnectionException):
        return StoreError(f"{directory} is in use by another process: stop the run first", retryable=True)
    return StoreError(f"{directory} cannot be opened: {_first_line(fault)}", retryable=False)


def _check_schema(session: Session, directory: Path, *, read_only: bool) -> Result[None, StoreError]:
    """Make the tables in a new file; refuse one of another version."""

    def work(connection: duckdb.DuckDBPyConnection) -> str | None:
        tables = connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall()[0][0]
        if not tables and not read_only:
            for statement in TABLES:
                connection.execute(statement)
            write_meta(connection, "schema", str(VERSION))
        return read_meta(connection, "schema")

    match session.transact(work):
        case Ok(version) if version == str(VERSION):
            return Ok(None)
        case Ok(version):
            detail = f"{directory} has schema {version}, this program knows {VERSION}: use the version that wrote it"
            return Err(StoreError(detail, retryable=False))
        case Err(error):
            return Err(StoreError(f"{directory} is no stored stream: {error.detail}", retryable=False))


def read_meta(connection: duckdb.DuckDBPyConnection, key: str) -> str | None:
    """What is noted under `key`."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
    return None if row is None else str(row[0])


def write_meta(connection: duckdb.DuckDBPyConnection, key: str, value: str) -> None:
    """Note `value` under `key`."""
    insert(connection, "meta", ("key", "value"), [(key, value)])


def insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    otherwise: Literal["REPLACE", "IGNORE"] = "REPLACE",
) -> None:
    """Put a few `rows` into `table`; where the key is there already, replace that row or ignore the new one."""
    names, marks = ", ".join(map(quoted, columns)), ", ".join("?" * len(columns))
    statement = f"INSERT OR {otherwise} INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - own names, quoted
    for row in rows:
        connection.execute(statement, list(row))


def _first_line(fault: duckdb.Error) -> str:
    return str(fault).partition("\n")[0]
