"""Who provides each port: a new implementation joins all contract tests by a line here."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptostream.clock import ManualClock
from cryptostream.core.market.candle import ValidatedCandle
from cryptostream.core.market.series import Symbol
from cryptostream.core.ports import CandleStore, DeadLetters, Journal, Ledger, LogReader, LogWriter, StoreBatch
from cryptostream.core.result import Ok
from cryptostream.local.journal import LocalJournal
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
class Books:
    """The journal and ledger of one stream; `publish` makes candles of a series count as published."""

    journal: Journal
    ledger: Ledger
    publish: Callable[[Sequence[ValidatedCandle]], None]


@dataclass(frozen=True)
class Letters:
    """Where dead letters go; `kept` are the bytes of those that are there."""

    dead_letters: DeadLetters
    kept: Callable[[], list[bytes]]


@contextmanager
def embedded_log(_: Path) -> Iterator[Log]:
    log = EmbeddedLog(ManualClock(NOW), partitions=3, capacity=100)
    yield log
    log.close()


@contextmanager
def embedded_store(directory: Path) -> Iterator[DuckDbStore]:
    opened = DuckDbStore.open(directory, stream="market.majors", symbols=SYMBOLS, simulated=False, fields=FIELDS)
    assert isinstance(opened, Ok), opened
    yield opened.value
    opened.value.close()


@contextmanager
def embedded_books(directory: Path) -> Iterator[Books]:
    """What is stored is what has been published."""
    with embedded_store(directory) as store, embedded_log(directory) as log:

        def publish(candles: Sequence[ValidatedCandle]) -> None:
            assert store.write(StoreBatch(raw=tuple(candles))) == Ok(None)

        yield Books(LocalJournal(log, store.ledger), store.ledger, publish)


@contextmanager
def embedded_letters(directory: Path) -> Iterator[Letters]:
    with embedded_store(directory) as store:

        def kept() -> list[bytes]:
            read = store.dead_letters._session.attempt(lambda c: c.execute("SELECT value FROM dead_letter").fetchall())
            assert isinstance(read, Ok), read
            return [value for (value,) in read.value]

        yield Letters(store.dead_letters, kept)


LOGS: dict[str, Callable[[Path], AbstractContextManager[Log]]] = {"embedded": embedded_log}
STORES: dict[str, Callable[[Path], AbstractContextManager[CandleStore]]] = {"embedded": embedded_store}
BOOKS: dict[str, Callable[[Path], AbstractContextManager[Books]]] = {"embedded": embedded_books}
LETTERS: dict[str, Callable[[Path], AbstractContextManager[Letters]]] = {"embedded": embedded_letters}
