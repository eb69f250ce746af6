"""Whose data a directory holds. Data of two streams, or real and simulated data, are never mixed."""

from pathlib import Path

import duckdb
import msgspec

from cryptostream.core.ports import StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.database import Session, read_meta, write_meta


class Identity(msgspec.Struct, frozen=True):
    """The stream (`<ns>.<name>`), and whether its candles are made up."""

    stream: str
    simulated: bool


def identity_of(connection: duckdb.DuckDBPyConnection) -> Identity:
    """Whose data the database holds."""
    return Identity(read_meta(connection, "stream") or "", read_meta(connection, "simulated") == "true")


def claim(session: Session, directory: Path, identity: Identity) -> Result[None, StoreError]:
    """Make a new database that of `identity`; an error if it is another's."""

    def work(connection: duckdb.DuckDBPyConnection) -> Identity:
        if read_meta(connection, "stream") is None:
            write_meta(connection, "stream", identity.stream)
            write_meta(connection, "simulated", "true" if identity.simulated else "false")
        return identity_of(connection)

    match session.transact(work):
        case Err() as failed:
            return failed
        case Ok(owner) if owner == identity:
            return Ok(None)
        case Ok(owner):
            return Err(StoreError(f"{directory} {_difference(owner, identity)}", retryable=False))


def _difference(owner: Identity, wanted: Identity) -> str:
    if owner.stream != wanted.stream:
        return f"holds the stream {owner.stream}, not {wanted.stream}: give each stream a data directory of its own"
    kinds = ("simulated", "real") if owner.simulated else ("real", "simulated")
    return f"holds {kinds[0]} data, and this would be {kinds[1]}: choose another data directory, or remove this one"
