"""Who provides each port: a new implementation joins all contract tests by a line here."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptostream.clock import ManualClock
from cryptostream.core.market.series import Symbol
from cryptostream.core.ports import CandleStore, DeadLetters, Ledger, LogReader, LogWriter
from cryptostream.core.result import Ok
from cryptostream.log.embedded import EmbeddedLog
from cryptostream.store.duckdb_store import DuckDbStore

NOW = 1_700_000_000_000
SYMBOLS = {name: Symbol(name, name.removesuffix("USDC"), "USDC") for name in ("BTCUSDC", "ETHUSDC")}
FIELDS = ("sma", "mean_oc")


class Log(LogWriter, Protocol):
    """A log whose records one group of readers reads; its clock stands at `NOW`."""

    def reader(self, topics: Iterable[str]) -> LogReader:
        """A reader that takes over from earlier ones."""


@dataclass(frozen=True)
class Parts:
    """Everything that one stream keeps in one place; `kept` are the bytes of the dead letters."""

    store: CandleStore
    ledger: Ledger
    dead_letters: DeadLetters
    kept: Callable[[], list[bytes]]


@contextmanager
def embedded_log() -> Iterator[Log]:
    log = EmbeddedLog(ManualClock(NOW), partitions=3, capacity=100)
    yield log
    log.close()


LOGS: dict[str, Callable[[], AbstractContextManager[Log]]] = {"embedded": embedded_log}


@contextmanager
def embedded_store(directory: Path) -> Iterator[Parts]:
    opened = DuckDbStore.open(directory, stream="market.majors", symbols=SYMBOLS, simulated=False, fields=FIELDS)
    assert isinstance(opened, Ok), opened
    store = opened.value

    def kept() -> list[bytes]:
        read = store.dead_letters._session.attempt(lambda c: c.execute("SELECT value FROM dead_letter").fetchall())
        assert isinstance(read, Ok), read
        return [value for (value,) in read.value]

    yield Parts(store, store.ledger, store.dead_letters, kept)
    store.close()


STORES: dict[str, Callable[[Path], AbstractContextManager[Parts]]] = {"embedded": embedded_store}
