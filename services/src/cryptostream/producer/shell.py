"""The producer as a running thing: one thread, one inbox, the pure step for each series, effects in order.

What the step wants published and ledgered goes to the journal in one call. Every answer, frame and tick
comes through the inbox, so that states are only ever touched by this thread.
"""

from queue import Empty, SimpleQueue
from threading import Event as Flag

from msgspec.structs import replace

from cryptostream.core.market.interval import INTERVALS, MINUTE, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import FeedCandle, FeedEvent, FeedReject, FeedSeam, LiveFeed, LogError, NewRecord
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.begin import Past, begin, record, series_start
from cryptostream.core.stream.producer import next_wake, step
from cryptostream.core.stream.series_state import (
    Closed,
    Effect,
    Event,
    Fetch,
    Note,
    Publish,
    RecordGap,
    Resubscribe,
    Seam,
    SeriesState,
    Tick,
)
from cryptostream.producer.cycles import Cycles
from cryptostream.producer.edges import Edges, Job
from cryptostream.producer.fetcher import Fetcher
from cryptostream.producer.publishing import records
from cryptostream.producer.snapshot import ProducerSnapshot, snapshot_of
from cryptostream.producer.telling import tell_gaps, tell_note
from cryptostream.producer.wakes import Wakes
from cryptostream.producer.watch import Watch

BATCH = 512
"""Events dealt with before what they want published goes to the log in one call."""
IDLE: Millis = 250
CLOCK_EVERY: Millis = MINUTE
MARKETS_EVERY: Millis = MINUTE


class Producer:
    """Publishes the candles of one stream."""

    def __init__(self, job: Job, edges: Edges) -> None:
        self._job = job
        self._edges = edges
        self._inbox: SimpleQueue[tuple[Series, Event]] = SimpleQueue()
        self._states: dict[Series, SeriesState] = {}
        self._wakes: Wakes[Series | str] = Wakes()
        self._fetcher = Fetcher(edges, self._answer)
        self._watch = Watch(job, edges, self._answer)
        self._cycles = Cycles(job, edges)
        self._feed: LiveFeed | None = None
        self._begun = Flag()
        self._records = 0

    def run(self, stop: Flag) -> Result[None, LogError]:
        """Produce until `stop` is set. `Err` only where the log or the ledger cannot go on."""
        begun = self._begin()
        done: Result[None, LogError] = begun
        self._begun.set()
        if isinstance(begun, Ok) and self._edges.feed is not None:
            self._feed = self._edges.feed(self._on_feed)
            self._feed.subscribe(frozenset(self._states))
        try:
            while isinstance(done, Ok) and not stop.is_set():
                done = self._turn()
        finally:
            if self._feed is not None:
                self._feed.close()
            self._fetcher.close()
        return Ok(None) if isinstance(done, Err) and stop.is_set() else done

    def snapshot(self) -> ProducerSnapshot:
        """The producer as it is now; may be called from any thread."""
        states = tuple(self._states.copy().values())
        now = self._edges.clock.now()
        shot = snapshot_of(self._job.config, states, now, records=self._records, cycles=self._cycles.done)
        return shot if self._begun.is_set() else replace(shot, complete=False)

    # ------------------------------------------------------------ begin

    def _begin(self) -> Result[None, LogError]:
        """Measure the exchange's clock, then begin each series from what an earlier run left."""
        self._watch.clock()
        now = self._edges.clock.now()
        gaps = self._edges.ledger.gaps()
        if isinstance(gaps, Err):
            return gaps
        effects: list[tuple[Series, Effect]] = []
        for series in self._job.starts:
            mine = tuple(gap for gap in gaps.value if gap.series == series)
            begun = self._begin_series(series, Past(mine), now)
            if isinstance(begun, Err):
                return begun
            effects += ((series, effect) for effect in begun.value)
        self._later("clock", now + CLOCK_EVERY)
        self._later("markets", now)
        self._later("cycle", now if self._job.poll_seconds else None)
        return self._perform(effects)

    def _begin_series(self, series: Series, past: Past, now: Millis) -> Result[tuple[Effect, ...], LogError]:
        ledger, job = self._edges.ledger, self._job
        bounds = ledger.bounds(series)
        if isinstance(bounds, Err):
            return bounds
        start = series_start(job.starts[series], past.gaps, bounds.value[0] if bounds.value else None)
        ranges = job.ranges[series] if job.ranges is not None else None
        interval = INTERVALS[series.interval]
        first, end = (start, interval.floor(now)) if ranges is None else (ranges[0][0], interval.next(ranges[-1][1]))
        missing = ledger.missing(series, first, end)
        if isinstance(missing, Err):
            return missing
        left = Past(past.gaps, missing.value)
        state, effects = (
            begin(job.config, series, start, left, now)
            if ranges is None
            else record(job.config, series, ranges, left, now)
        )
        self._keep(state)
        return Ok(effects)

    def _later(self, name: str, at: Millis | None) -> None:
        self._wakes.set(name, None if self._job.ranges is not None else at)

    # ------------------------------------------------------------ one turn

    def _turn(self) -> Result[None, LogError]:
        """Deal with what is in the inbox and with what has become due."""
        now = self._edges.clock.now()
        events = self._events(now)
        now = self._edges.clock.now()
        for key in self._wakes.due(now):
            if isinstance(key, Series):
                events.append((key, Tick()))
            else:
                events += self._periodic(key, now)
        effects: list[tuple[Series, Effect]] = []
        for series, event in events:
            state, wanted = step(self._job.config, self._states[series], event, now)
            self._keep(state)
            self._cycles.answered(series, event)
            effects += ((series, effect) for effect in wanted)
        done = self._perform(effects)
        self._cycles.finish()
        return done

    def _events(self, now: Millis) -> list[tuple[Series, Event]]:
        wake = self._wakes.next()
        wait = IDLE if wake is None else min(max(wake - now, 0), IDLE)
        events: list[tuple[Series, Event]] = []
        try:
            events.append(self._inbox.get(timeout=self._edges.clock.real_seconds(wait)))
            while len(events) < BATCH:
                events.append(self._inbox.get_nowait())
        except Empty:
            pass
        return [(series, event) for series, event in events if series in self._states]

    def _periodic(self, name: str, now: Millis) -> list[tuple[Series, Event]]:
        match name:
            case "clock":
                self._fetcher.later(self._watch.clock)
                self._later(name, now + CLOCK_EVERY)
            case "markets":
                self._fetcher.later(self._watch.markets)
                self._later(name, now + MARKETS_EVERY)
            case _:
                self._later(name, self._cycles.begin(now))
                return [(series, Seam()) for series in self._states]
        return []

    def _keep(self, state: SeriesState) -> None:
        self._states[state.series] = state
        self._wakes.set(state.series, next_wake(self._job.config, state))

    # ------------------------------------------------------------ effects

    def _perform(self, effects: list[tuple[Series, Effect]]) -> Result[None, LogError]:
        """Candles and ledger first, then questions."""
        published_at = self._edges.clock.now_micros()
        fresh: list[NewRecord] = []
        for series, effect in effects:
            if isinstance(effect, Publish):
                fresh += records(self._job, effect, published_at)
                self._cycles.published(len(effect.candles))
                self._edges.observer.published(series, effect.lane, len(effect.candles))
        gaps = [effect.gap for _, effect in effects if isinstance(effect, RecordGap)]
        if fresh or gaps:
            written = self._edges.journal.publish(fresh, gaps)
            if isinstance(written, Err):
                return written
        self._records += len(fresh)
        tell_gaps(self._edges, gaps)
        self._ask(effects)
        return Ok(None)

    def _ask(self, effects: list[tuple[Series, Effect]]) -> None:
        for series, effect in effects:
            match effect:
                case Fetch():
                    self._cycles.asked(series, effect)
                    self._fetcher.ask(series, effect)
                case Resubscribe() if self._feed is not None:
                    self._edges.log.warning("series_silent", series=str(series))
                    self._feed.resubscribe(series)
                case Note():
                    tell_note(self._edges, series, effect)
                case _:
                    pass

    # ------------------------------------------------------------ what comes in, from other threads

    def _answer(self, series: Series, event: Event) -> None:
        self._inbox.put((series, event))

    def _on_feed(self, event: FeedEvent) -> None:
        match event:
            case FeedCandle(candle):
                self._inbox.put((candle.series, Closed(candle)))
            case FeedSeam(series):
                for each in series:
                    self._inbox.put((each, Seam()))
            case FeedReject(reason, frame):
                self._edges.log.warning("frame_rejected", reason=reason, frame=frame[:200])
