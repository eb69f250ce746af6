"""The consumer's side towards the store: takes batches in, and works behind live writes. Owns the state.

A store that is away is waited for; one that refuses a batch gets it in halves, until the record that it refuses
stands alone and becomes a dead letter while the rest is stored.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from cryptostream.consumer.edges import Edges
from cryptostream.consumer.patience import Halt, Patience
from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DeadLetter, DirtyRange, LogRecord, StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result, map_ok
from cryptostream.core.stream.consumer import learn, refuse, step
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_dirty import Chunk, next_chunk, recompute
from cryptostream.core.stream.consumer_read import admit, letter, met, needs, read, unknown
from cryptostream.core.stream.consumer_rollup import Check, checked, next_check
from cryptostream.core.stream.consumer_state import Arrivals, ConsumerState, Load, Loaded, Outcome

MOST_REFUSED = 50
"""Records refused one after another by the store before the fault is taken to be its own."""
Letters = tuple[DeadLetter, ...]


class Keeper:
    """The state of a consumer, kept in step with its store. Used from one thread; `state` may be read from any.

    `stored` is called with each outcome once the store has it.
    """

    def __init__(
        self,
        config: ConsumerConfig,
        edges: Edges,
        patience: Patience,
        stored: Callable[[ConsumerState, Outcome], None],
    ) -> None:
        self._config = config
        self._edges = edges
        self._patience = patience
        self._stored = stored
        self._refused_in_a_row = 0
        self.state = ConsumerState()

    def begin(self) -> Result[None, Halt]:
        """Remember what an earlier run left to be recomputed."""
        dirty = self._patience.until_done("reading dirty ranges", self._edges.store.dirty)
        if isinstance(dirty, Err):
            return dirty
        admitted = self._admit({each.series for each in dirty.value}, dirty.value)
        return admitted if isinstance(admitted, Err) else self.learn()

    def take(self, records: Sequence[LogRecord]) -> Result[Letters, Halt]:
        """Store what is new in `records`; returns what has to become dead letters."""
        arrivals = read(self._config, records, self._edges.clock.now())
        loaded = self._prepare(arrivals)
        if isinstance(loaded, Err):
            return loaded
        state, outcome = step(self._config, self.state, arrivals, loaded.value, self._edges.clock.now())
        refusal = self._write(outcome.batch)
        if isinstance(refusal, Err):
            return refusal
        if refusal.value is not None:
            return self._split(records, refusal.value)
        self.state = state
        self._refused_in_a_row = 0 if outcome.batch.raw else self._refused_in_a_row
        self._stored(state, outcome)
        return Ok(outcome.dead_letters)

    def learn(self) -> Result[None, Halt]:
        """Take in listings that have become known."""
        listings = self._edges.listings()
        admitted = self._admit(listings.keys())
        if isinstance(admitted, Err):
            return admitted
        return self._keep(*learn(self._config, self.state, listings))

    def has_backlog(self) -> bool:
        """Whether something waits to be recomputed or checked."""
        return any(memory.dirty or memory.unchecked for memory in self.state.series.values())

    def behind(self) -> Result[bool, Halt]:
        """Recompute or check a bounded piece of what waits; False if nothing does."""
        if (chunk := next_chunk(self._config, self.state)) is not None:
            return map_ok(self._recompute(chunk), _worked)
        if (check := next_check(self._config, self.state)) is not None:
            return map_ok(self._check(check), _worked)
        return Ok(value=False)

    # ------------------------------------------------------------ behind live writes

    def _recompute(self, chunk: Chunk) -> Result[None, Halt]:
        loaded = self._load(chunk.loads)
        if isinstance(loaded, Err):
            return loaded
        return self._keep(*recompute(self._config, self.state, chunk, loaded.value))

    def _check(self, check: Check) -> Result[None, Halt]:
        loaded = self._load((check.wholes, check.parts))
        if isinstance(loaded, Err):
            return loaded
        self.state, found = checked(self.state, check, loaded.value)
        for each in found:
            self._edges.observer.rollup_mismatched(each.series)
            self._edges.log.warning(
                "rollup_mismatch", series=str(each.series), open_time=each.open_time, detail=each.detail
            )
        return Ok(None)

    def _keep(self, state: ConsumerState, batch: StoreBatch) -> Result[None, Halt]:
        """Write what only the store and the state know of; there is no record to blame if it is refused."""
        refusal = self._write(batch)
        if isinstance(refusal, Err):
            return refusal
        if refusal.value is not None:
            self._edges.log.error("recomputation_refused", detail=refusal.value.detail)
            return Err(Halt(f"the store refuses recomputed rows: {refusal.value.detail}", fatal=True))
        self.state = state
        return Ok(None)

    # ------------------------------------------------------------ one record to blame

    def _split(self, records: Sequence[LogRecord], error: StoreError) -> Result[Letters, Halt]:
        if len(records) == 1:
            return self._refuse(records[0], error)
        letters: Letters = ()
        for half in (records[: len(records) // 2], records[len(records) // 2 :]):
            taken = self.take(half)
            if isinstance(taken, Err):
                return taken
            letters += taken.value
        return Ok(letters)

    def _refuse(self, record: LogRecord, error: StoreError) -> Result[Letters, Halt]:
        """The record becomes a dead letter, unless the store is at fault: then reading fails too, or all is refused."""
        self._refused_in_a_row += 1
        if self._refused_in_a_row > MOST_REFUSED:
            return Err(Halt(f"the store refuses every candle: {error.detail}", fatal=True))
        arrivals = read(self._config, (record,), self._edges.clock.now())
        alive = self._bounds(arrivals.by_series)
        if isinstance(alive, Err):
            return alive
        candle = next((each.record for items in arrivals.by_series.values() for each in items), None)
        refused = letter(record, Rejected("store_refused", error.detail), "store", self._edges.clock.now(), candle)
        self.state = refuse(self._config, self.state, (refused,))
        return Ok((refused,))

    # ------------------------------------------------------------ towards the store

    def _prepare(self, arrivals: Arrivals) -> Result[Loaded, Halt]:
        """Make the series of a batch known, and read what the step needs."""
        known = len(self.state.series)
        admitted = self._admit(met(self._config, arrivals))
        if isinstance(admitted, Err):
            return admitted
        learnt = self.learn() if len(self.state.series) > known else admitted
        if isinstance(learnt, Err):
            return learnt
        return self._load(needs(self._config, self.state, arrivals))

    def _admit(self, series: Iterable[Series], dirty: Iterable[DirtyRange] = ()) -> Result[None, Halt]:
        """Remember `series` of the stream, and those which they have to do with."""
        bounds = self._bounds(unknown(self._config, self.state, series))
        if isinstance(bounds, Err):
            return bounds
        self.state = admit(self.state, bounds.value, dirty)
        return Ok(None)

    def _bounds(self, series: Iterable[Series]) -> Result[dict[Series, tuple[Millis, Millis] | None], Halt]:
        found: dict[Series, tuple[Millis, Millis] | None] = {}
        for each in series:
            bounds = self._patience.until_done("reading bounds", partial(self._edges.store.bounds, each))
            if isinstance(bounds, Err):
                return bounds
            found[each] = bounds.value
        return Ok(found)

    def _load(self, loads: Iterable[Load]) -> Result[Loaded, Halt]:
        rows: dict[Load, CandleTable] = {}
        for each in loads:
            read_rows = partial(self._edges.store.raw, each.series, each.start, each.end + 1)
            table = self._patience.until_done("reading candles", read_rows)
            if isinstance(table, Err):
                return table
            rows[each] = table.value
        return Ok(rows)

    def _write(self, batch: StoreBatch) -> Result[StoreError | None, Halt]:
        """`Ok` holds the error where the store is there and refuses what is in the batch."""
        if batch == StoreBatch():
            return Ok(None)

        def attempt() -> Result[StoreError | None, StoreError]:
            result = self._edges.store.write(batch)
            if isinstance(result, Err):
                return result if result.error.retryable else Ok(result.error)
            return Ok(None)

        return self._patience.until_done("storing", attempt)


def _worked(_: None) -> bool:
    return True
