"""A store whose last answer is remembered, for those who ask how it is."""

from typing import TypeVar

from cryptostream.core.codec.status import StoreStatus
from cryptostream.core.market.candle import CandleTable, EnrichedTable
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import CandleStore, DirtyRange, StoreBatch, StoreError
from cryptostream.core.result import Err, Result

T = TypeVar("T")


class NotedStore:
    """`store`, unchanged; `status` may be read from any thread."""

    def __init__(self, store: CandleStore) -> None:
        self._store = store
        self.status = StoreStatus(reachable=False, last_error=None)

    @property
    def atomic(self) -> bool:
        return self._store.atomic

    def prepare(self, batch: StoreBatch) -> StoreBatch:
        return self._store.prepare(batch)

    def write(self, batch: StoreBatch) -> Result[None, StoreError]:
        return self._noted(self._store.write(batch))

    def raw(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, StoreError]:
        return self._noted(self._store.raw(series, start, end))

    def enriched(self, series: Series, start: Millis, end: Millis) -> Result[EnrichedTable, StoreError]:
        return self._noted(self._store.enriched(series, start, end))

    def bounds(self, series: Series) -> Result[tuple[Millis, Millis] | None, StoreError]:
        return self._noted(self._store.bounds(series))

    def dirty(self) -> Result[tuple[DirtyRange, ...], StoreError]:
        return self._store.dirty()

    def close(self) -> None:
        self._store.close()

    def _noted(self, result: Result[T, StoreError]) -> Result[T, StoreError]:
        """A refusal is an answer, too."""
        if isinstance(result, Err):
            self.status = StoreStatus(reachable=not result.error.retryable, last_error=result.error.detail)
        elif not self.status.reachable:
            self.status = StoreStatus(reachable=True, last_error=self.status.last_error)
        return result
