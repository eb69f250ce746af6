"""The ports: what the shells need from the world. Protocols and the values that cross them; no I/O.

Each port has one contract test suite in `tests/contract`, which every implementation passes.
Calls block; none raises for a fault of the world: such faults are values.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from cryptostream.core.market.candle import Candle, CandleTable, EnrichedTable, ValidatedCandle
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Series
from cryptostream.core.result import Result

# ---------------------------------------------------------------- clock


class Clock(Protocol):
    """Time as an argument. A virtual clock may run faster than the wall's."""

    def now(self) -> Millis:
        """Milliseconds since the epoch by this clock."""

    def now_micros(self) -> int:
        """Microseconds since the epoch by this clock."""

    def real_seconds(self, millis: Millis) -> float:
        """How long to wait in wall-clock seconds for `millis` of this clock to pass."""


# ---------------------------------------------------------------- exchange

ExchangeFault = Literal["rate_limited", "banned", "blocked", "unavailable", "refused"]


class ExchangeError(msgspec.Struct, frozen=True):
    """Why the exchange gave no answer. `retry_at` is in ms of the exchange's clock, None if unknown.

    rate_limited: 429; banned: 418; blocked: 451 or 403 on every endpoint; unavailable: time-out, 5xx,
    no connection; refused: 400, and asking again will not help.
    """

    fault: ExchangeFault
    detail: str
    retry_at: Millis | None = None


class SymbolInfo(msgspec.Struct, frozen=True):
    """What the exchange says of a market; `status` is its own word (`TRADING`, `HALT`, `BREAK`…)."""

    name: str
    coin: str
    quote: str
    status: str


class KlinePage(msgspec.Struct, frozen=True):
    """One answer of the klines call.

    `closed` ascends by open time and holds only candles whose scheduled close lies before
    `exchange_time`; `in_progress` is the open time of the candle still running, if it was in the answer.
    `rejected` holds (reason, raw row as text) for rows that are no candle.
    """

    closed: tuple[Candle, ...]
    in_progress: Millis | None
    exchange_time: Millis
    rejected: tuple[tuple[str, str], ...] = ()


class Exchange(Protocol):
    """Questions to the exchange. Safe to call from several threads."""

    def clock_offset(self) -> Result[Millis, ExchangeError]:
        """Exchange time minus the local clock, in ms."""

    def symbols(self, names: Iterable[str]) -> Result[Mapping[str, SymbolInfo], ExchangeError]:
        """What is known of each of `names`; unknown ones are left out."""

    def klines(self, series: Series, start: Millis, limit: int) -> Result[KlinePage, ExchangeError]:
        """The oldest `limit` (1 to 1000) candles of `series` with open time ≥ `start`."""


class FeedCandle(msgspec.Struct, frozen=True):
    """A closed candle arrived by WebSocket."""

    candle: Candle


class FeedSeam(msgspec.Struct, frozen=True):
    """From `at` on these series flow (again): what closed before may have been missed."""

    series: frozenset[Series]
    at: Millis


class FeedReject(msgspec.Struct, frozen=True):
    """A frame that is no candle: reason and the frame as text."""

    reason: str
    frame: str


FeedEvent = FeedCandle | FeedSeam | FeedReject


class LiveFeed(Protocol):
    """Closed candles as they happen. Events go to the callback given at construction, from one thread."""

    def subscribe(self, series: frozenset[Series]) -> None:
        """Make the set of series exactly this one, as a difference, without disturbing the others."""

    def resubscribe(self, series: Series) -> None:
        """Subscribe a series that has gone quiet anew."""

    def close(self) -> None:
        """End all connections and threads."""


# ---------------------------------------------------------------- log


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """One record as read from the log; `timestamp` is the time of publication in ms."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    timestamp: Millis


class NewRecord(msgspec.Struct, frozen=True):
    """One record to be published."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class LogError(msgspec.Struct, frozen=True):
    """Why the log did not take or give records.

    A `fatal` one ends the process (fenced, closed). After a `lost` one the partitions belong to another reader: what
    was polled from them and not committed is dropped, and reading goes on.
    """

    detail: str
    fatal: bool = False
    lost: bool = False


Place = tuple[str, int]
"""Topic and partition."""
Newest = Mapping[tuple[str, bytes], tuple[int, int]]
"""Partition and offset of the newest record, by topic and key; empty where the log has no offsets that last."""


class LogWriter(Protocol):
    """Anything that appends records. One `publish` is seen whole or not at all."""

    def publish(self, records: Sequence[NewRecord]) -> Result[None, LogError]:
        """Append `records`, in order within each key; blocks while the log is full."""


class Journal(Protocol):
    """Where the producer of a stream writes candles and its ledger, as one owner at a time."""

    def take_over(self) -> Result[None, LogError]:
        """Become the only owner: from now on every earlier one fails. The last step before the past is read."""

    def publish(self, records: Sequence[NewRecord], entries: Sequence[Gap | Progress]) -> Result[Newest, LogError]:
        """Append `records`, in order within each key, and the ledger's `entries`; blocks while the log is full.

        Where the log has transactions, both are seen whole or not at all; else candles come first. A fatal error
        says that another owner has taken over.
        """


class Turnover(msgspec.Struct, frozen=True):
    """What has changed hands since it was last asked for.

    `lost` partitions may have been read and stored by others meanwhile: everything known of their keys is to be
    forgotten. Of `expired` ones, records were deleted before they were read: by place, the end of the log when that
    was noticed; reading goes on with the first record that is left.
    """

    lost: frozenset[Place] = frozenset()
    gained: frozenset[Place] = frozenset()
    expired: Mapping[Place, int] = {}


class LogReader(Protocol):
    """Where a consumer reads. A record is given again until it is committed and the reader restarts."""

    def poll(self, limit: int, timeout: float) -> Result[tuple[LogRecord, ...], LogError]:
        """Up to `limit` records, waiting at most `timeout` wall-clock seconds for the first."""

    def turnover(self) -> Turnover:
        """What has changed hands up to the last poll; asked for after each poll, before its records are used."""

    def keep(self) -> Result[None, LogError]:
        """Stay a member of the group without reading on; called at least every second while nothing is polled."""

    def owned(self) -> Result[None, LogError]:
        """Prove that what was polled still belongs to this reader; called directly before each write to a store."""

    def commit(self, records: Sequence[LogRecord]) -> Result[None, LogError]:
        """All of `records`, and what came before them on their partitions, is dealt with."""

    def passed(self, place: Place) -> int:
        """Offset of `place` before which nothing is left to be polled; 0 if it belongs to another reader."""

    def restored(self, place: Place) -> Result[None, LogError]:
        """What had `expired` of `place` has been named in the ledger: the next commit says so."""


class Ledger(Protocol):
    """The producer's memory across restarts: its gaps, and what of its work has arrived."""

    def gaps(self) -> Result[tuple[Gap, ...], LogError]:
        """Every gap ever recorded, at its newest state; what a consumer has named replaces none of the producer's."""

    def progress(self) -> Result[Mapping[Series, Progress], LogError]:
        """The last checkpoint of each series; empty where none are kept."""

    def news(self) -> Result[tuple[Gap, ...], LogError]:
        """Gaps which others have recorded since the last call: ranges that expired before they were read."""

    def missing(
        self, series: Series, start: Millis, end: Millis
    ) -> Result[tuple[tuple[Millis, Millis], ...], LogError]:
        """Runs [first, last] of open times in [start, end) which have not been published."""

    def published(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, LogError]:
        """What was published with open time in [start, end), each at its newest revision."""

    def bounds(self, series: Series) -> Result[tuple[Millis, Millis] | None, LogError]:
        """First and last open time published, or None."""


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that was refused: the record as read, why, in which stage, and when (ms)."""

    record: LogRecord
    rejected: Rejected
    stage: Literal["decode", "validate", "store"]
    at: Millis
    symbol: str | None = None
    interval: str | None = None
    open_time: Millis | None = None


class DeadLetters(Protocol):
    """Where refused records are kept, with their original bytes."""

    def put(self, letters: Sequence[DeadLetter]) -> Result[None, LogError]:
        """Keep `letters`; the same one again changes nothing."""


# ---------------------------------------------------------------- store


class DirtyRange(msgspec.Struct, frozen=True, order=True):
    """Enriched rows of `series` with open time in [start, end] are to be computed again."""

    series: Series
    start: Millis
    end: Millis


class StoreBatch(msgspec.Struct, frozen=True):
    """What one step of the consumer wants stored.

    `replaced` are enriched rows that may be stored already, with values that are undefined now. Dirty ranges are for
    stores that keep them (`atomic` ones).
    """

    raw: tuple[ValidatedCandle, ...] = ()
    enriched: tuple[EnrichedTable, ...] = ()
    replaced: tuple[EnrichedTable, ...] = ()
    gaps: tuple[Gap, ...] = ()
    add_dirty: tuple[DirtyRange, ...] = ()
    resolve_dirty: tuple[DirtyRange, ...] = ()


class StoreError(msgspec.Struct, frozen=True):
    """Why the store did not take or give rows; `retryable` says whether the same call may succeed later."""

    detail: str
    retryable: bool


class CandleStore(Protocol):
    """Where candles of one stream are kept, once per (symbol, interval, open time), newest revision."""

    @property
    def atomic(self) -> bool:
        """Whether a batch is taken whole or not at all, dirty ranges are kept, and newer revisions are guarded.

        Where not, the caller judges revisions, writes what was interrupted again, and keeps dirty ranges itself.
        """

    def write(self, batch: StoreBatch) -> Result[None, StoreError]:
        """Store `batch`. An atomic store never lets a row of an older revision replace a newer one."""

    def raw(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, StoreError]:
        """Stored candles with open time in [start, end)."""

    def enriched(self, series: Series, start: Millis, end: Millis) -> Result[EnrichedTable, StoreError]:
        """Stored indicator rows with open time in [start, end)."""

    def bounds(self, series: Series) -> Result[tuple[Millis, Millis] | None, StoreError]:
        """First and last stored open time, or None."""

    def dirty(self) -> Result[tuple[DirtyRange, ...], StoreError]:
        """Ranges still to be computed again."""

    def close(self) -> None:
        """Release the store; everything written is durable."""
