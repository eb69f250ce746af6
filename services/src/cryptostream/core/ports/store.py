"""The store of candles, as the shells need it. Protocols and values; no I/O."""

from typing import Protocol

import msgspec

from cryptostream.core.market.candle import CandleTable, EnrichedTable, ValidatedCandle
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.result import Result


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

    def prepare(self, batch: StoreBatch) -> StoreBatch:
        """The same batch, with what can be done of a write before it is due; by any thread, and nothing is stored."""

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
