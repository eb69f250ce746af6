"""The log, its ledger and its dead letters, as the shells need them. Protocols and values; no I/O."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Series
from cryptostream.core.result import Result


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """One record as read from the log; `timestamp` is the time of publication in ms. Headers may be read on demand."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Iterable[tuple[str, bytes]]
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
