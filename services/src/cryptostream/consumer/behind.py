"""What a consumer does behind live writes, a bounded piece at a time. Decides nothing but the order."""

import time
from collections.abc import Callable
from math import inf

from cryptostream.consumer.edges import Edges
from cryptostream.consumer.expiries import Expiries
from cryptostream.consumer.keeper import Keeper
from cryptostream.consumer.patience import Halt
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_dirty import Chunk, next_chunk, recompute
from cryptostream.core.stream.consumer_doubt import next_doubt, settled
from cryptostream.core.stream.consumer_rollup import Check, checked, next_check
from cryptostream.core.stream.consumer_state import Load
from cryptostream.core.stream.consumer_turnover import confirmed, due, looked_at, looks

Piece = Callable[[], Result[None, Halt]]


class Behind:
    """Works on the state of `keeper` while nothing is on its way into the store.

    `hurry` says that whatever stands in the way of a commit is due now.
    """

    def __init__(self, keeper: Keeper, edges: Edges, expiries: Expiries, hurry: Callable[[], bool]) -> None:
        self._keeper = keeper
        self._edges = edges
        self._expiries = expiries
        self._hurry = hurry

    def waits(self) -> bool:
        """Whether there is something to be done at once."""
        state = self._keeper.state
        return not state.clean or any(each.unchecked for each in state.series.values()) or self._expiries.searching

    def work(self) -> Result[bool, Halt]:
        """Do a piece of what waits; False if nothing does."""
        piece = self._next()
        if piece is None:
            return self._expiries.work()
        done = piece()
        return done if isinstance(done, Err) else Ok(value=True)

    def _next(self) -> Piece | None:
        config, state = self._keeper.config, self._keeper.state
        if (doubt := next_doubt(config, state)) is not None:
            return lambda: self._settle(doubt)
        if (chunk := next_chunk(config, state)) is not None:
            return lambda: self._recompute(chunk)
        now = inf if self._hurry() else time.monotonic()
        if (partition := due(self._keeper.watches, now)) is not None:
            return lambda: self._confirm(partition)
        if (check := next_check(config, state)) is not None:
            return lambda: self._check(check)
        return None

    def _settle(self, doubt: Load) -> Result[None, Halt]:
        loaded = self._keeper.load((doubt,))
        if isinstance(loaded, Err):
            return loaded
        return self._keeper.keep(*settled(self._keeper.config, self._keeper.state, doubt, loaded.value[doubt]))

    def _recompute(self, chunk: Chunk) -> Result[None, Halt]:
        loaded = self._keeper.load(chunk.loads)
        if isinstance(loaded, Err):
            return loaded
        return self._keeper.keep(*recompute(self._keeper.config, self._keeper.state, chunk, loaded.value))

    def _confirm(self, partition: int) -> Result[None, Halt]:
        """Look again at what a former owner may have overwritten."""
        watch = self._keeper.watches[partition]
        loaded = self._keeper.load(looks(self._keeper.config, watch))
        if isinstance(loaded, Err):
            return loaded
        state, batch = confirmed(self._keeper.config, self._keeper.state, watch, loaded.value)
        kept = self._keeper.keep(state, batch)
        if isinstance(kept, Err):
            return kept
        self._keeper.watches = looked_at(self._keeper.watches, partition, time.monotonic())
        if batch.raw:
            self._edges.log.warning("older_revisions_replaced", partition=partition, candles=len(batch.raw))
        return Ok(None)

    def _check(self, check: Check) -> Result[None, Halt]:
        loaded = self._keeper.load((check.wholes, check.parts))
        if isinstance(loaded, Err):
            return loaded
        self._keeper.state, found = checked(self._keeper.state, check, loaded.value)
        for each in found:
            self._edges.observer.rollup_mismatched(each.series)
            self._edges.log.warning(
                "rollup_mismatch", series=str(each.series), open_time=each.open_time, detail=each.detail
            )
        return Ok(None)
