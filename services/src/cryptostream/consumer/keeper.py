"""The consumer's side towards the store: takes batches in, keeps what is computed behind them. Owns the state.

While one batch is being written, the next one is read and judged as if that succeeded. If it does not, the judgement is
thrown away: a step has no effects. What needs a look into the store waits for the write. A batch is written only after
the next one was polled: so partitions do not change hands while something is on its way.

A store that refuses a batch gets it in halves, until the record that it refuses stands alone and becomes a dead letter
while the rest is stored.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from cryptostream.consumer.edges import Edges
from cryptostream.consumer.patience import Halt, Patience
from cryptostream.consumer.patient_store import PatientStore, Put, Refusal
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DirtyRange, LogRecord, StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer import learn, refuse, step
from cryptostream.core.stream.consumer_config import ConsumerConfig, with_symbols
from cryptostream.core.stream.consumer_fate import place_of
from cryptostream.core.stream.consumer_letters import letter
from cryptostream.core.stream.consumer_read import admit, met, needs, ours, read, unknown
from cryptostream.core.stream.consumer_state import Arrivals, ConsumerState, Fate, Load, Loaded, Outcome
from cryptostream.core.stream.consumer_turnover import Watches, forgotten, remembered, watched

MOST_REFUSED = 50
"""Records refused one after another by the store before the fault is taken to be its own."""
Stored = Callable[[Sequence[LogRecord], ConsumerState, Outcome], None]


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """Records, the state they were judged by, and what comes of them once the store has `parts`."""

    records: Sequence[LogRecord]
    base: ConsumerState
    arrivals: Arrivals
    state: ConsumerState
    outcome: Outcome
    parts: tuple[StoreBatch, ...]


class Keeper:
    """The state of a consumer, kept in step with its store. Used from one thread; `state` may be read from any.

    `stored` is called with records, in the order in which they were taken, once the store has what they bring.
    """

    def __init__(self, config: ConsumerConfig, edges: Edges, patience: Patience, stored: Stored) -> None:
        self.config = config
        self.state = ConsumerState()
        self.listings: Mapping[Series, Millis] = {}
        self.watches: Watches = {}
        self._clock = edges.clock
        self._log = edges.log
        self._stored = stored
        self._store = PatientStore(edges, patience)
        self._dirty = edges.store.dirty
        self._patience = patience
        self._refused_in_a_row = 0
        self._ready: Draft | None = None
        self._flight: tuple[Draft, Future[Put]] | None = None

    def begin(self) -> Result[None, Halt]:
        """Remember what an earlier run left to be recomputed."""
        dirty = self._patience.until_done("reading dirty ranges", self._dirty)
        if isinstance(dirty, Err):
            return dirty
        admitted = self._admit({each.series for each in dirty.value}, dirty.value)
        return admitted if isinstance(admitted, Err) else self.learn()

    def close(self) -> None:
        """Wait until nothing is being written."""
        self._store.close()

    # ------------------------------------------------------------ batches

    @property
    def taken(self) -> int:
        """How many records were taken and are not stored yet."""
        return len(self._ready.records) if self._ready else 0

    def take(self, records: Sequence[LogRecord]) -> Result[None, Halt]:
        """Judge `records` while what was taken before is being stored; they are stored with the next call."""
        started = self._start()
        if isinstance(started, Err):
            return started
        drafted = self._draft(records)
        landed = drafted if isinstance(drafted, Err) else self._land()
        if isinstance(landed, Err):
            return landed
        if isinstance(drafted, Ok) and drafted.value.base is not self.state:
            drafted = self._draft(records)
        if isinstance(drafted, Ok):
            self._ready = drafted.value
            return Ok(None)
        return drafted

    def finish(self) -> Result[None, Halt]:
        """Store what was taken."""
        started = self._start()
        return started if isinstance(started, Err) else self._land()

    def abandon(self) -> None:
        """Let go of what was taken and is not known to be stored."""
        if self._flight is not None:
            self._flight[1].result()
        self._ready = self._flight = None

    def _start(self) -> Result[None, Halt]:
        """Begin to write what is ready."""
        draft, self._ready = self._ready, None
        if draft is None:
            return Ok(None)
        writing = self._store.start(draft.parts)
        if isinstance(writing, Err):
            return writing
        self._flight = draft, writing.value
        return Ok(None)

    def _land(self) -> Result[None, Halt]:
        """Wait until the store has what is on its way."""
        if self._flight is None:
            return Ok(None)
        (draft, writing), self._flight = self._flight, None
        return self._finish(draft, writing.result())

    def hand_over(self, lost: frozenset[int], gained: frozenset[int], due: float) -> None:
        """Forget the series of partitions which others read meanwhile; look again at those gained when it is `due`."""
        if lost:
            self.abandon()
        self.state = forgotten(self.state, lost)
        self.watches = watched(self.watches, lost, gained, due)

    def _draft(self, records: Sequence[LogRecord]) -> Result[Draft, Halt]:
        arrivals = read(self.config, records, self._clock.now())
        self.config = with_symbols(self.config, arrivals.symbols)
        loaded = self._prepare(arrivals)
        if isinstance(loaded, Err):
            return loaded
        base = self._ahead
        state, outcome = step(self.config, base, arrivals, loaded.value, self._clock.now())
        return Ok(Draft(records, base, arrivals, state, outcome, self._store.parts(outcome.batch)))

    @property
    def _ahead(self) -> ConsumerState:
        """The state as it will be once what is on its way is stored."""
        return self._flight[0].state if self._flight else self.state

    def _finish(self, draft: Draft, put: Put) -> Result[None, Halt]:
        refusal = self._store.finish(put)
        if isinstance(refusal, Err):
            return refusal
        return self._adopt(draft) if refusal.value is None else self._split(draft, refusal.value)

    def _adopt(self, draft: Draft) -> Result[None, Halt]:
        self.state = draft.state
        self.watches = remembered(self.watches, draft.state, draft.outcome, time.monotonic())
        self._refused_in_a_row = 0 if draft.outcome.batch.raw else self._refused_in_a_row
        self._stored(draft.records, draft.state, draft.outcome)
        return Ok(None)

    # ------------------------------------------------------------ behind live writes

    def learn(self) -> Result[None, Halt]:
        """Take in listings that have become known."""
        admitted = self._admit(ours(self.config, self.state, self.listings))
        return admitted if isinstance(admitted, Err) else self.keep(*learn(self.config, self.state, self.listings))

    def load(self, loads: Iterable[Load]) -> Result[Loaded, Halt]:
        """Stored candles; nothing may be on its way into the store."""
        return self._store.load(loads)

    def keep(self, state: ConsumerState, batch: StoreBatch) -> Result[None, Halt]:
        """Write what only the store and the state know of; there is no record to blame if it is refused."""
        refusal = self._store.write(batch)
        if isinstance(refusal, Err):
            return refusal
        insisted = Ok(None) if refusal.value is None else self._insist(refusal.value)
        if isinstance(insisted, Ok):
            self.state = state
        return insisted

    def _insist(self, refusal: Refusal) -> Result[None, Halt]:
        """Only people can help where no record is to blame; but a file of our own nobody is going to mend meanwhile."""
        self._log.error("rows_refused", detail=refusal.error.detail)
        if self.config.atomic:
            return Err(Halt(f"the store refuses computed rows: {refusal.error.detail}", fatal=True))
        done = self._store.finish(Put(refusal.left), insist=True)
        return done if isinstance(done, Err) else Ok(None)

    # ------------------------------------------------------------ one record to blame

    def _split(self, draft: Draft, refusal: Refusal) -> Result[None, Halt]:
        """Halves are judged anew; where candles are stored and only rows are refused, no record is to blame."""
        if refusal.only_rows and not self.config.atomic:
            insisted = self._insist(refusal)
            return insisted if isinstance(insisted, Err) else self._adopt(draft)
        records = draft.records
        if len(records) == 1:
            return self._refuse(draft, refusal.error)
        for half in (records[: len(records) // 2], records[len(records) // 2 :]):
            drafted = self._draft(half)
            if isinstance(drafted, Err):
                return drafted
            stored = self._finish(drafted.value, Put(drafted.value.parts))
            if isinstance(stored, Err):
                return stored
        return Ok(None)

    def _refuse(self, draft: Draft, error: StoreError) -> Result[None, Halt]:
        """The record becomes a dead letter, unless the store is at fault: then reading fails too, or all is refused."""
        self._refused_in_a_row += 1
        if self._refused_in_a_row > MOST_REFUSED:
            return Err(Halt(f"the store refuses every candle: {error.detail}", fatal=True))
        alive = self._store.bounds(draft.arrivals.by_series)
        if isinstance(alive, Err):
            return alive
        (log,) = draft.records
        candle = next((each.record for each in draft.outcome.batch.raw), None)
        refused = letter(log, Rejected("store_refused", error.detail), "store", self._clock.now(), candle)
        self.state = refuse(self.config, self.state, (refused,))
        fates = {place_of(log): Fate(dead_lettered=1)}
        self._stored(draft.records, self.state, Outcome(StoreBatch(), (refused,), {}, {}, fates))
        return Ok(None)

    # ------------------------------------------------------------ towards the store

    def _prepare(self, arrivals: Arrivals) -> Result[Loaded, Halt]:
        """Make the series of a batch known, and read what the step needs; that waits for what is on its way."""
        series = met(self.config, arrivals)
        new = unknown(self.config, self._ahead, series)
        if not new and not needs(self.config, self._ahead, arrivals):
            return Ok({})
        done = self._land()
        if isinstance(done, Ok) and new:
            done = self._admit(series)
        if isinstance(done, Ok) and new:
            done = self.learn()
        return done if isinstance(done, Err) else self._store.load(needs(self.config, self.state, arrivals))

    def _admit(self, series: Iterable[Series], dirty: Iterable[DirtyRange] = ()) -> Result[None, Halt]:
        """Remember `series` of the stream, and those which they have to do with."""
        bounds = self._store.bounds(unknown(self.config, self.state, series))
        if isinstance(bounds, Err):
            return bounds
        self.state = admit(self.state, bounds.value, dirty)
        return Ok(None)
