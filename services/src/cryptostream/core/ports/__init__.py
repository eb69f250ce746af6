"""The ports: what the shells need from the world. Protocols and the values that cross them; no I/O.

Each port has one contract test suite in `tests/contract`, which every implementation passes.
Calls block; none raises for a fault of the world: such faults are values.
"""

from cryptostream.core.ports.exchange import (
    Clock,
    Exchange,
    ExchangeError,
    ExchangeFault,
    FeedCandle,
    FeedEvent,
    FeedReject,
    FeedSeam,
    KlinePage,
    LiveFeed,
    SymbolInfo,
)
from cryptostream.core.ports.log import (
    DeadLetter,
    DeadLetters,
    Journal,
    Ledger,
    LogError,
    LogReader,
    LogRecord,
    LogWriter,
    Newest,
    NewRecord,
    Place,
    Turnover,
)
from cryptostream.core.ports.store import CandleStore, DirtyRange, StoreBatch, StoreError

__all__ = [
    "CandleStore",
    "Clock",
    "DeadLetter",
    "DeadLetters",
    "DirtyRange",
    "Exchange",
    "ExchangeError",
    "ExchangeFault",
    "FeedCandle",
    "FeedEvent",
    "FeedReject",
    "FeedSeam",
    "Journal",
    "KlinePage",
    "Ledger",
    "LiveFeed",
    "LogError",
    "LogReader",
    "LogRecord",
    "LogWriter",
    "NewRecord",
    "Newest",
    "Place",
    "StoreBatch",
    "StoreError",
    "SymbolInfo",
    "Turnover",
]
