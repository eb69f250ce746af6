"""A small world around the producer's step: it does the effects on a model exchange, with faults, and remembers all.

What the step wants published is one transaction, seen whole or not at all. A restart knows what a real one would:
the last checkpoint, the ledger, and the records after the checkpoint's offset.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace

from cryptostream.core.codec import ledger
from cryptostream.core.market.candle import Candle, CandleTable, Ints, Lane
from cryptostream.core.market.gap import BY_CONSUMER, Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import table_of
from cryptostream.core.ports import ExchangeError, KlinePage
from cryptostream.core.stream import resume
from cryptostream.core.stream.begin import Past, begin, series_next, series_start
from cryptostream.core.stream.checkpoint import due_at, is_news, past_of, progress_of, untold_gaps
from cryptostream.core.stream.producer import next_wake, step
from cryptostream.core.stream.runs import Run
from cryptostream.core.stream.series_state import (
    Effect,
    Event,
    Fetch,
    Fetched,
    FetchFailed,
    Note,
    ProducerConfig,
    Publish,
    RecordGap,
    Reopened,
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
    offset: int = 0


@dataclass
class World:
    """One producer of one series; `log`, `ledger` and `progress` survive a restart, the state does not.

    Without `checkpoints` a restart knows the whole log, as an embedded run knows its store. `end` is the next offset
    of the partition, which other series share. `expired` holds every range that was named, and the offset then.
    """

    truth: SeriesTruth
    now: Millis
    start: Millis
    config: ProducerConfig
    checkpoints: bool = True
    lag: Millis = 0
    failing: ExchangeError | None = None
    dying: bool = False
    log: list[Published] = field(default_factory=list)
    end: int = 0
    sessions: list[int] = field(default_factory=list)
    ledger: dict[bytes, Gap] = field(default_factory=dict)
    progress: Progress | None = None
    newest: int | None = None
    generation: int = 1
    news: list[Gap] = field(default_factory=list)
    expired: list[tuple[Run, int]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    asked: list[Fetch] = field(default_factory=list)
    state: SeriesState = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    @property
    def series(self) -> Series:
        return self.truth.series

    # ------------------------------------------------------------ runs of the producer

    def restart(self) -> None:
        """Begin from what is left, as after kill -9."""
        self.asked.clear()
        self.news.clear()
        self.dying = False
        self.sessions.append(len(self.log))
        offset = self.progress.topic_offset if self.progress else None
        self.newest = offset[1] if offset else None
        gaps = tuple(self.ledger.values())
        bounds = resume.bounds(self.progress, self.tail())
        start = series_start(self.start, gaps, bounds[0] if bounds else None)
        newest = bounds[1] if bounds else None
        following = series_next(self.truth.interval, start, newest, self.now)
        past = Past(gaps, self.missing(start, following), newest, self.progress)
        self.take(begin(self.config, self.series, start, past, self.now))

    def gap_at(self, start: Millis) -> Gap:
        """The producer's entry for the gap that begins at `start`."""
        return self.ledger[f"g|{self.series.symbol}|{self.series.interval}|{start}".encode()]

    def missing(self, start: Millis, end: Millis) -> tuple[Run, ...]:
        """What a ledger answers."""
        return resume.missing(self.truth.interval, self.progress, tuple(self.ledger.values()), self.tail(), start, end)

    def tail(self) -> Ints:
        """Open times of the records after the checkpoint's offset, as far as the log still has them."""
        offset = self.progress.topic_offset if self.progress else None
        after = -1 if offset is None else offset[1]
        kept = (entry for entry in self.log if entry.offset > after and not self.is_deleted(entry))
        return np.array(sorted({entry.candle.open_time for entry in kept}), dtype=np.int64)

    def is_deleted(self, entry: Published) -> bool:
        return any(
            entry.offset < end and first <= entry.candle.open_time <= last for (first, last), end in self.expired
        )

    def stop(self) -> None:
        """End with a last checkpoint, as a stopped producer or one whose series is taken away does."""
        told = self.checkpoint()
        if self.checkpoints and is_news(self.progress, told):
            self.commit((), told)
        self.ledger |= {ledger.key(gap): gap for gap in untold_gaps(self.state)}

    def come_back(self) -> None:
        """The series that was taken away comes back while the producer runs."""
        start = min(self.start, self.state.spans[0][0])
        past = past_of(self.state, self.news, start, self.now)
        self.asked.clear()
        self.news.clear()
        self.sessions.append(len(self.log))
        self.take(begin(self.config, self.series, start, past, self.now))

    def expire(self, first: Millis, last: Millis) -> None:
        """A consumer names a range that it has not read; what of it was published is to be published again."""
        size = self.truth.interval.count(first, self.truth.interval.next(last))
        gap = Gap(
            series=self.series,
            start=first,
            end=last,
            candles=size,
            cause="expired",
            state="open",
            detected_at=self.now,
            evidence=BY_CONSUMER,
        )
        self.ledger[ledger.key(gap)] = gap
        self.news.append(gap)
        self.expired.append(((first, last), self.end))

    def hear(self) -> None:
        """The producer looks at what others wrote into the ledger."""
        news, self.news = self.news, []
        for gap in news:
            self.tell(Reopened(gap))

    # ------------------------------------------------------------ effects

    def take(self, result: Step) -> None:
        """Do the effects; a dying producer loses the transaction, if there is one."""
        self.state, effects = result
        told = self.checkpoint()
        entry = told if self.checkpoints and self.is_due(told) else None
        if self.dying and (entry or any(isinstance(each, Publish | RecordGap) for each in effects)):
            self.restart()
            return
        self.commit(effects, entry)
        for effect in effects:
            if isinstance(effect, Fetch):
                self.asked.append(effect)
            elif isinstance(effect, Note):
                self.notes.append(effect)

    def is_due(self, told: Progress) -> bool:
        return told.at >= due_at(self.progress, self.state) and is_news(self.progress, told)

    def checkpoint(self) -> Progress:
        place = None if self.newest is None else (0, self.newest)
        return progress_of(self.state, topic_offset=place, generation=self.generation, at=self.now * 1000)

    def commit(self, effects: tuple[Effect, ...], entry: Progress | None) -> None:
        """One transaction: candles, gaps and the checkpoint, whose offset the log may raise to its newest record."""
        if entry and self.end % 2:
            entry = replace(entry, topic_offset=(0, self.end - 1))
        self.progress = entry or self.progress
        for effect in effects:
            match effect:
                case Publish(candles, lane, revision):
                    self.log += [Published(c, lane, revision, self.end + n) for n, c in enumerate(candles)]
                    self.end += len(candles)
                    self.newest = self.end - 1
                case RecordGap(gap):
                    self.ledger[ledger.key(gap)] = gap
                case _:
                    pass

    def tell(self, event: Event) -> None:
        state, effects = step(self.config, self.state, event, self.now)
        wake = next_wake(self.config, state)
        if isinstance(event, Tick):
            assert wake is None or wake > self.now, "the shell would not sleep"
        self.take((state, effects))

    def answer_one(self, choose: Callable[[int], int] = lambda _: 0) -> None:
        """Answer one of the open questions, or refuse it while the exchange fails."""
        if not self.asked:
            return
        fetch = self.asked.pop(choose(len(self.asked)))
        if self.failing is not None:
            self.tell(FetchFailed(fetch.purpose, fetch.start, self.failing))
            return
        page = self.truth.page(fetch.start, fetch.limit, self.now, lag=self.lag)
        self.tell(Fetched(fetch.purpose, fetch.start, page, self.table(page) if fetch.purpose == "audit" else None))

    def table(self, page: KlinePage) -> CandleTable:
        """What was published of the same candles, each at its newest revision."""
        asked = {candle.open_time for candle in page.closed}
        published = sorted((e for e in self.log if e.candle.open_time in asked), key=lambda e: e.revision)
        newest = {entry.candle.open_time: entry for entry in published}
        return table_of([validated(e.candle, revision=e.revision) for _, e in sorted(newest.items())])

    # ------------------------------------------------------------ time

    def tell_time(self) -> None:
        """Tell the time as it is."""
        self.tell(Tick())

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
        self.failing, self.lag, self.dying = None, 0, False
        self.hear()
        while self.now < until:
            while self.asked:
                self.answer_one()
            wake = next_wake(self.config, self.state)
            self.now = max(self.now + 1, min(until if wake is None else wake, until))
            self.tell(Tick())
        while self.asked:
            self.answer_one()
