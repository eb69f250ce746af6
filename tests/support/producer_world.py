"""A small world around the producer's step: it does the effects on a model exchange, with faults, and remembers all."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptostream.core.market.candle import Candle, Lane
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import table_of
from cryptostream.core.ports import ExchangeError
from cryptostream.core.stream.begin import Past, begin, series_start
from cryptostream.core.stream.producer import next_wake, step
from cryptostream.core.stream.runs import Run
from cryptostream.core.stream.series_state import (
    Event,
    Fetch,
    Fetched,
    FetchFailed,
    Note,
    ProducerConfig,
    Publish,
    RecordGap,
    SeriesState,
    Step,
    Tick,
)
from tests.support.builders import validated
from tests.support.exchange_model import SeriesTruth


@dataclass
class Published:
    candle: Candle
    lane: Lane
    revision: int


@dataclass
class World:
    """One producer of one series; `log` and `ledger` survive a restart, the state does not."""

    truth: SeriesTruth
    now: Millis
    start: Millis
    config: ProducerConfig
    lag: Millis = 0
    failing: ExchangeError | None = None
    log: list[Published] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)
    ledger: dict[Millis, Gap] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    asked: list[Fetch] = field(default_factory=list)
    state: SeriesState = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    @property
    def series(self) -> Series:
        return self.truth.series

    def restart(self) -> None:
        """Begin from the ledger and the log, as after kill -9."""
        self.asked.clear()
        self.sessions.append(len(self.log))
        opens = sorted({entry.candle.open_time for entry in self.log})
        gaps = tuple(self.ledger.values())
        begun = series_start(self.start, gaps, opens[0] if opens else None)
        past = Past(gaps, self.missing(begun, set(opens)))
        self.take(begin(self.config, self.series, begun, past, self.now))

    def missing(self, start: Millis, known: set[Millis]) -> tuple[Run, ...]:
        interval = self.truth.interval
        runs: list[Run] = []
        for open_time in interval.opens(start, interval.floor(self.now)):
            if open_time in known:
                continue
            if runs and interval.next(runs[-1][1]) == open_time:
                runs[-1] = (runs[-1][0], open_time)
            else:
                runs.append((open_time, open_time))
        return tuple(runs)

    def take(self, result: Step) -> None:
        self.state, effects = result
        for effect in effects:
            match effect:
                case Publish(candles, lane, revision):
                    self.log += [Published(candle, lane, revision) for candle in candles]
                case Fetch():
                    self.asked.append(effect)
                case RecordGap(gap):
                    self.ledger[gap.start] = gap
                case Note():
                    self.notes.append(effect)
                case _:
                    pass

    def tell(self, event: Event) -> None:
        self.take(step(self.config, self.state, event, self.now))

    def answer_one(self, choose: Callable[[int], int] = lambda _: 0) -> None:
        """Answer one of the open questions, or refuse it while the exchange fails."""
        if not self.asked:
            return
        fetch = self.asked.pop(choose(len(self.asked)))
        if self.failing is not None:
            self.tell(FetchFailed(fetch.purpose, self.failing))
            return
        page = self.truth.page(fetch.start, fetch.limit, self.now, lag=self.lag)
        newest = {entry.candle.open_time: entry for entry in sorted(self.log, key=lambda e: e.revision)}
        rows = [validated(e.candle, revision=e.revision) for _, e in sorted(newest.items())]
        self.tell(Fetched(fetch.purpose, page, table_of(rows) if fetch.purpose == "audit" else None))

    def pass_to(self, until: Millis) -> None:
        """Let time pass, waking the step when it asks for it."""
        while True:
            wake = next_wake(self.config, self.state)
            if wake is None or wake > until:
                break
            self.now = max(self.now + 1, wake)
            self.tell(Tick())
        self.now = max(self.now, until)
        self.tell(Tick())

    def settle(self, until: Millis) -> None:
        """No more faults: answer everything and let time pass until nothing changes any more."""
        self.failing, self.lag = None, 0
        while self.now < until:
            while self.asked:
                self.answer_one()
            wake = next_wake(self.config, self.state)
            self.now = max(self.now + 1, min(until if wake is None else wake, until))
            self.tell(Tick())
        while self.asked:
            self.answer_one()
