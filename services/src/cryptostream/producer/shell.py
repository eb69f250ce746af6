"""The producer as a running thing: one thread, one inbox, the pure step for each series, effects in order.

What the step wants published and ledgered goes to the journal in one call. Every answer, frame and tick
comes through the inbox, so that states are only ever touched by this thread.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from threading import Event as Flag

from msgspec.structs import replace

from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.ports import LogError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.producer import next_wake, step
from cryptostream.core.stream.series_state import (
    Effect,
    Fetch,
    Note,
    Publish,
    RecordGap,
    Reopened,
    Resubscribe,
    Seam,
    SeriesState,
    Step,
    Tick,
)
from cryptostream.producer.assignment import Assignment, Assignments
from cryptostream.producer.ban import Ban, Guarded
from cryptostream.producer.checkpoints import Checkpoints
from cryptostream.producer.cycles import Cycles
from cryptostream.producer.earlier import Earlier, resume
from cryptostream.producer.edges import Edges, Job
from cryptostream.producer.fetcher import Fetcher
from cryptostream.producer.inbox import Arrival, Inbox
from cryptostream.producer.listening import Listening
from cryptostream.producer.publishing import Publisher
from cryptostream.producer.snapshot import ProducerSnapshot, snapshot_of
from cryptostream.producer.telling import tell_note
from cryptostream.producer.wakes import Wakes
from cryptostream.producer.watch import Watch

BATCH = 512
"""Events dealt with before what they want published goes to the log in one call."""
ROWS = 4000
"""Candles after which a batch is full, however few its events are."""
IDLE: Millis = 250
EVERY: Mapping[str, Millis] = {"clock": MINUTE, "markets": MINUTE, "news": 5 * SECOND}
"""What is looked at from time to time."""

Done = Result[None, LogError]
Effects = list[tuple[Series, Effect]]


class Producer:
    """Publishes the candles of one stream. `assign`, `ban` and `snapshot` may be called from any thread."""

    def __init__(self, job: Job, edges: Edges) -> None:
        self._ban = Ban(edges.clock)
        self._job = job
        self._edges = dataclasses.replace(
            edges, urgent=Guarded(edges.urgent, self._ban), background=Guarded(edges.background, self._ban)
        )
        self._inbox = Inbox()
        self._assignments = Assignments()
        self._states: dict[Series, SeriesState] = {}
        self._parked: dict[Series, SeriesState] = {}
        self._unheard: dict[Series, dict[Millis, Gap]] = {}
        self._wakes: Wakes[Series | str] = Wakes()
        self._fetcher = Fetcher(self._edges, self._inbox.put)
        self._watch = Watch(lambda: self._job, self._edges, self._inbox.put)
        self._listening = Listening(self._edges, self._inbox)
        self._cycles = Cycles(job, self._edges)
        self._checkpoints = Checkpoints(job.stream)
        self._publisher = Publisher(self._edges, self._checkpoints)
        self._begun = Flag()

    def run(self, stop: Flag) -> Done:
        """Produce until `stop` is set. `Err` only where the log or the ledger cannot go on."""
        try:
            done = self._start(stop)
            while isinstance(done, Ok) and not stop.is_set():
                done = self._turn()
            if isinstance(done, Ok):
                done = self._say_last_words(self._states.values())
        finally:
            self._listening.close()
            self._fetcher.close()
        return Ok(None) if isinstance(done, Err) and stop.is_set() else done

    def assign(self, symbols: Mapping[str, Symbol], starts: Mapping[Series, Millis], generation: int) -> None:
        """Produce exactly the series of `starts` from now on; those that stay are not disturbed."""
        self._assignments.put(Assignment(symbols, starts, generation))
        self._inbox.wake()

    def ban(self, until: Millis | None) -> None:
        """Ask the exchange nothing before `until` (ms of its clock), because others were told so; None: no longer."""
        self._ban.set(until)

    def snapshot(self) -> ProducerSnapshot:
        """The producer as it is now."""
        states = tuple(self._states.copy().values())
        now = self._edges.clock.now()
        begun, job = self._begun.is_set(), self._job
        shot = snapshot_of(job.config, states, now, records=self._publisher.count, cycles=self._cycles.done)
        shot = replace(shot, generation=job.generation, banned_until=self._ban.until)
        return replace(shot, begun=begun, complete=begun and shot.complete)

    # ------------------------------------------------------------ begin

    def _start(self, stop: Flag) -> Done:
        """Listen first, so that nothing closes unheard; then take over, and only then look at what there is."""
        self._adopt_symbols()
        self._listening.begin(self._job.starts, stop)
        self._watch.clock()
        if stop.is_set():
            return Ok(None)
        taken = self._edges.journal.take_over()
        begun = self._begin(self._job.starts) if isinstance(taken, Ok) else taken
        if isinstance(begun, Err):
            return begun
        now = self._edges.clock.now()
        for name, every in EVERY.items():
            self._later(name, now if name == "markets" else now + every)
        self._later("cycle", now if self._job.poll_seconds else None)
        self._begun.set()
        return begun

    def _begin(self, wanted: Iterable[Series]) -> Done:
        """Begin series that are not there: from what this run left of them, or else from what the ledger says."""
        new = tuple(wanted)
        now = self._edges.clock.now()
        effects: Effects = []
        for series in new:
            if series in self._parked:
                named = self._unheard.pop(series, {}).values()
                effects += self._keep(resume(self._job, self._parked.pop(series), named, now))
        fresh = tuple(series for series in new if series not in self._states)
        begun: Result[Effects, LogError] = self._begin_fresh(fresh, now) if fresh else Ok([])
        if isinstance(begun, Err):
            return begun
        return self._perform([*effects, *begun.value], now)

    def _begin_fresh(self, fresh: Iterable[Series], now: Millis) -> Result[Effects, LogError]:
        read = Earlier.read(self._edges.ledger)
        if isinstance(read, Err):
            return read
        begun = read.value.begin(self._job, fresh, now)
        if isinstance(begun, Err):
            return begun
        for left in read.value.checkpoints(fresh):
            self._checkpoints.remember(left)
        for series in fresh:
            self._unheard.pop(series, None)
        self._hear(read.value.named(but=frozenset(fresh)))
        return Ok([each for step in begun.value for each in self._keep(step)])

    def _later(self, name: str, at: Millis | None) -> None:
        self._wakes.set(name, None if self._job.ranges is not None else at)

    # ------------------------------------------------------------ another assignment

    def _adopt(self) -> Done:
        """Take up the newest assignment: end what has gone, begin what has come."""
        if not self._adopt_symbols():
            return Ok(None)
        starts = self._job.starts
        self._listening.follow(starts)
        done = self._part([series for series in self._states if series not in starts])
        if isinstance(done, Err):
            return done
        for state in self._states.values():
            self._checkpoints.changed(state)
        self._later("markets", self._edges.clock.now())
        return self._begin([series for series in starts if series not in self._states])

    def _adopt_symbols(self) -> bool:
        wanted = self._assignments.take()
        if wanted is None:
            return False
        told = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
        self._job = dataclasses.replace(self._job, **told)
        return True

    def _part(self, gone: Iterable[Series]) -> Done:
        leaving = {series: self._states.pop(series) for series in gone}
        for series in leaving:
            self._wakes.set(series, None)
            self._checkpoints.forget(series)
            self._cycles.forget(series)
        self._parked |= leaving
        return self._say_last_words(leaving.values())

    def _say_last_words(self, states: Iterable[SeriesState]) -> Done:
        at = self._edges.clock.now_micros()
        return self._publisher.last(self._checkpoints.last_words(states, self._job.generation, at))

    # ------------------------------------------------------------ one turn

    def _turn(self) -> Done:
        """Deal with what is in the inbox and with what has become due."""
        done = self._adopt()
        if isinstance(done, Err):
            return done
        arrived = self._arrivals()
        now = self._edges.clock.now()
        for key in self._wakes.due(now):
            if isinstance(key, Series):
                arrived.append((key, Tick()))
            else:
                arrived += self._look_after(key, now)
        done = self._deal(arrived, now)
        self._cycles.finish()
        return done

    def _arrivals(self) -> list[Arrival]:
        clock, wake = self._edges.clock, self._wakes.next()
        wait = IDLE if wake is None else min(max(wake - clock.now(), 0), IDLE)
        arrived = self._inbox.take(BATCH, ROWS, clock.real_seconds(wait))
        if dropped := self._inbox.dropped():
            self._edges.log.warning("candles_dropped", candles=dropped, remedy="they are fetched by REST")
        return arrived

    def _look_after(self, name: str, now: Millis) -> list[Arrival]:
        self._later(name, self._cycles.begin(now) if name == "cycle" else now + EVERY[name])
        match name:
            case "clock":
                self._fetcher.later(name, self._watch.clock)
            case "markets":
                self._fetcher.later(name, self._watch.markets)
            case "news":
                self._listen_to_others()
            case _:
                return [(series, Seam()) for series in self._states]
        return []

    def _listen_to_others(self) -> None:
        heard = self._edges.ledger.news()
        if isinstance(heard, Err):
            self._edges.log.warning("news_unread", detail=heard.error.detail)
        else:
            self._hear(heard.value)

    def _hear(self, named: Iterable[Gap]) -> None:
        for gap in named:
            self._inbox.put(gap.series, Reopened(gap))

    # ------------------------------------------------------------ events and their effects

    def _deal(self, arrived: list[Arrival], now: Millis) -> Done:
        """One call of the journal for all; what was reopened is written by itself, so that nothing comes between."""
        done = self._deal_with([each for each in arrived if not isinstance(each[1], Reopened)], now)
        for each in arrived:
            if isinstance(each[1], Reopened) and isinstance(done, Ok):
                done = self._deal_with([each], now)
        return done

    def _deal_with(self, arrived: Iterable[Arrival], now: Millis) -> Done:
        effects: Effects = []
        for series, event in arrived:
            if series in self._states:
                effects += self._keep(step(self._job.config, self._states[series], event, now))
                self._cycles.answered(series, event)
            elif isinstance(event, Reopened):
                self._unheard.setdefault(series, {})[event.gap.start] = event.gap
        return self._perform(effects, now)

    def _keep(self, done: Step) -> Effects:
        state, effects = done
        self._states[state.series] = state
        self._wakes.set(state.series, next_wake(self._job.config, state))
        self._checkpoints.changed(state)
        return [(state.series, effect) for effect in effects]

    def _perform(self, effects: Effects, now: Millis) -> Done:
        """Candles, ledger and checkpoints first, then questions."""
        at = self._edges.clock.now_micros()
        checkpoints = self._checkpoints.due(self._states, now, self._job.generation, at)
        done = self._publisher.publish(self._job, effects, checkpoints)
        if isinstance(done, Ok):
            self._ask(effects)
        return done

    def _ask(self, effects: Effects) -> None:
        for series, effect in effects:
            match effect:
                case Publish(candles):
                    self._cycles.published(len(candles))
                case Fetch():
                    self._cycles.asked(series, effect)
                    self._fetcher.ask(series, effect)
                case Resubscribe():
                    self._listening.resubscribe(series)
                case Note():
                    tell_note(self._edges, series, effect)
                case RecordGap():
                    pass
