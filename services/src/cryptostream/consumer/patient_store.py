"""The store as the consumer uses it: waited for while it is away, and written to by a proven owner alone.

A store without transactions gets candles before their rows, so that a row is never there without its candle. Before
each write the reader is asked whether what was polled still belongs to this process. One batch at most is on its way,
in a thread of its own, so that the next one is read meanwhile.
"""

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import msgspec
from msgspec.structs import replace

from cryptostream.consumer.edges import Edges
from cryptostream.consumer.patience import Halt, Patience
from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogError, StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_state import Load, Loaded

FRESH = 0.5
"""Seconds for which a proof of ownership serves a second write. With the proof's own age of 2 s at most and a write's
deadline of 3 s, that is less than the 6 s after which others take over."""
NOTHING = StoreBatch()


class Put(msgspec.Struct, frozen=True):
    """How far a batch has been written: what is left of it, and why, if that is not for want of a proof."""

    left: tuple[StoreBatch, ...]
    error: StoreError | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The store is there and refuses what it is given: candles, or rows whose candles it has taken."""

    left: tuple[StoreBatch, ...]
    error: StoreError

    @property
    def only_rows(self) -> bool:
        return not any(batch.raw or batch.gaps for batch in self.left)


class PatientStore:
    """Used from one thread, and not for anything else while a batch is on its way."""

    def __init__(self, edges: Edges, patience: Patience) -> None:
        self._store = edges.store
        self._reader = edges.reader
        self._patience = patience
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store")

    def close(self) -> None:
        """Wait until nothing is being written."""
        self._writer.shutdown()

    # ------------------------------------------------------------ writing

    def start(self, parts: tuple[StoreBatch, ...]) -> Result["Future[Put]", Halt]:
        """Begin to write `parts`."""
        owned = self._patience.until_done("proving ownership", self._reader.owned) if parts else Ok(None)
        return owned if isinstance(owned, Err) else Ok(self._writer.submit(self._put, parts))

    def write(self, batch: StoreBatch) -> Result[Refusal | None, Halt]:
        """Write `batch`; `Ok` holds the refusal, if there is one."""
        return self.finish(Put(self.parts(batch)))

    def finish(self, put: Put, *, insist: bool = False) -> Result[Refusal | None, Halt]:
        """Write what is left, again and again while the store is away; where we `insist`, also while it refuses."""
        while put.left:
            if put.error is not None and not (insist or put.error.retryable):
                return Ok(Refusal(put.left, put.error))
            again = self._patience.until_done(
                "storing", partial(self._again, put.left, insist=insist), failed=_retryable(put.error)
            )
            if isinstance(again, Err):
                return again
            put = again.value
        return Ok(None)

    def _again(self, left: tuple[StoreBatch, ...], *, insist: bool) -> Result[Put, StoreError] | Result[Put, LogError]:
        """One more attempt; an error where that came no further, and may yet."""
        owned = self._reader.owned()
        if isinstance(owned, Err):
            return owned
        put = self._put(left)
        if put.error is None or len(put.left) < len(left) or not (insist or put.error.retryable):
            return Ok(put)
        return Err(replace(put.error, retryable=True))

    def _put(self, parts: tuple[StoreBatch, ...]) -> Put:
        """Write `parts` in their order, as far as the store takes them and the proof serves."""
        proven = time.monotonic()
        for done, part in enumerate(parts):
            if time.monotonic() - proven > FRESH:
                return Put(parts[done:])
            written = self._store.write(part)
            if isinstance(written, Err):
                return Put(parts[done:], written.error)
        return Put(())

    def parts(self, batch: StoreBatch) -> tuple[StoreBatch, ...]:
        """What such a store is to keep, in the order in which it is written, and prepared for that."""
        if self._store.atomic:
            return () if batch == NOTHING else (batch,)
        candles = StoreBatch(raw=batch.raw, gaps=batch.gaps)
        rows = StoreBatch(enriched=batch.enriched, replaced=batch.replaced)
        return tuple(self._store.prepare(part) for part in (candles, rows) if part != NOTHING)

    # ------------------------------------------------------------ reading

    def bounds(self, series: Iterable[Series]) -> Result[dict[Series, tuple[Millis, Millis] | None], Halt]:
        """First and last stored open time of each of `series`."""
        found: dict[Series, tuple[Millis, Millis] | None] = {}
        for each in series:
            bounds = self._patience.until_done("reading bounds", partial(self._store.bounds, each))
            if isinstance(bounds, Err):
                return bounds
            found[each] = bounds.value
        return Ok(found)

    def load(self, loads: Iterable[Load]) -> Result[Loaded, Halt]:
        """Stored candles."""
        rows: dict[Load, CandleTable] = {}
        for each in loads:
            read_rows = partial(self._store.raw, each.series, each.start, each.end + 1)
            table = self._patience.until_done("reading candles", read_rows)
            if isinstance(table, Err):
                return table
            rows[each] = table.value
        return Ok(rows)


def _retryable(error: StoreError | None) -> StoreError | None:
    return None if error is None else replace(error, retryable=True)
