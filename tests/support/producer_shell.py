"""A producer's shell in a thread, between a model exchange, a feed that the test drives, and books in memory.

The books outlive the producer: what it publishes is one transaction, and a new owner fences the old one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

import numpy as np

from cryptostream.clock import ExchangeClock, ManualClock
from cryptostream.core.codec import ledger as codec
from cryptostream.core.codec.record import decode, topic
from cryptostream.core.market.candle import CandleRecord, CandleTable, Ints, ValidatedCandle
from cryptostream.core.market.gap import BY_CONSUMER, Gap
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.market.table import table_of
from cryptostream.core.ports import (
    ExchangeError,
    FeedCandle,
    FeedEvent,
    FeedSeam,
    KlinePage,
    LogError,
    Newest,
    NewRecord,
    SymbolInfo,
)
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream import resume
from cryptostream.core.stream.runs import Run
from cryptostream.core.stream.series_state import ProducerConfig
from cryptostream.observe.logs import Log
from cryptostream.observe.metrics import Metrics
from cryptostream.producer.edges import Edges, Job
from cryptostream.producer.shell import Producer
from tests.support.exchange_model import SeriesTruth
from tests.support.feed import wait
from tests.support.stored import done, validated

STREAM = "market.majors"


def symbol_of(name: str) -> Symbol:
    return Symbol(name, name.removesuffix("USDC"), "USDC")


@dataclass
class Books:
    """Topics and ledger. `calls` names what was asked of them, in order; `before` is called at each publication."""

    topics: dict[str, list[NewRecord]] = field(default_factory=dict)
    ledger: dict[bytes, bytes] = field(default_factory=dict)
    named: list[Gap] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    before: Callable[[], Result[None, LogError]] = lambda: Ok(None)
    owner: int = 0
    lock: Any = field(default_factory=Lock)

    def records(self, series: Series) -> list[CandleRecord]:
        with self.lock:
            values = list(self.topics.get(topic(STREAM, series.interval), ()))
        return [done(decode(each.value)) for each in values if each.key == series.symbol.encode()]

    def opens(self, series: Series) -> list[Millis]:
        return [record.open_time for record in self.records(series)]

    def entries(self) -> list[Gap | Progress]:
        with self.lock:
            return [done(codec.decode(key, value)) for key, value in self.ledger.items()]

    def progress(self) -> dict[Series, Progress]:
        return {entry.series: entry for entry in self.entries() if isinstance(entry, Progress)}

    def gaps(self) -> list[Gap]:
        return [entry for entry in self.entries() if isinstance(entry, Gap)]

    def name_expired(self, series: Series, first: Millis, last: Millis) -> None:
        """As a consumer does."""
        size = INTERVALS[series.interval].count(first, last) + 1
        gap = Gap(
            series=series,
            start=first,
            end=last,
            candles=size,
            cause="expired",
            state="open",
            detected_at=last,
            evidence=BY_CONSUMER,
        )
        with self.lock:
            self.ledger[codec.key(gap)] = codec.encode(gap)
            self.named.append(gap)


class BookJournal:
    """One owner's journal."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._epoch = 0

    def take_over(self) -> Result[None, LogError]:
        with self._books.lock:
            self._books.calls.append("take_over")
            self._books.owner += 1
            self._epoch = self._books.owner
        return Ok(None)

    def publish(self, records: Sequence[NewRecord], entries: Sequence[Gap | Progress]) -> Result[Newest, LogError]:
        ready = self._books.before()
        if isinstance(ready, Err):
            return ready
        newest: dict[tuple[str, bytes], tuple[int, int]] = {}
        with self._books.lock:
            if self._epoch != self._books.owner:
                return Err(LogError("fenced", fatal=True))
            self._books.calls.append("publish")
            for record in records:
                log = self._books.topics.setdefault(record.topic, [])
                log.append(record)
                newest[record.topic, record.key] = 0, len(log) - 1
            self._books.ledger |= {codec.key(entry): codec.encode(entry) for entry in entries}
        return Ok(newest)


class BookLedger:
    """What the books say, as it was when `gaps` was asked for."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._gaps: dict[Series, list[Gap]] = {}
        self._progress: dict[Series, Progress] = {}
        self._tails: dict[Series, Ints] = {}

    def gaps(self) -> Result[tuple[Gap, ...], LogError]:
        self._books.calls.append("gaps")
        self._books.named.clear()
        self._progress = self._books.progress()
        gaps = self._books.gaps()
        self._gaps = {}
        for gap in gaps:
            self._gaps.setdefault(gap.series, []).append(gap)
        return Ok(tuple(gaps))

    def progress(self) -> Result[Mapping[Series, Progress], LogError]:
        return Ok(self._progress)

    def news(self) -> Result[tuple[Gap, ...], LogError]:
        with self._books.lock:
            named, self._books.named[:] = tuple(self._books.named), []
        return Ok(named)

    def missing(self, series: Series, start: Millis, end: Millis) -> Result[tuple[Run, ...], LogError]:
        gaps, told = self._gaps.get(series, []), self._progress.get(series)
        return Ok(resume.missing(INTERVALS[series.interval], told, gaps, self._tail(series), start, end))

    def bounds(self, series: Series) -> Result[Run | None, LogError]:
        return Ok(resume.bounds(self._progress.get(series), self._tail(series)))

    def published(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, LogError]:
        found: dict[Millis, ValidatedCandle] = {}
        for record in sorted(self._books.records(series), key=lambda each: each.revision):
            if start <= record.open_time < end:
                found[record.open_time] = validated(record)
        return Ok(table_of([each for _, each in sorted(found.items())]))

    def _tail(self, series: Series) -> Ints:
        told = self._progress.get(series)
        after = -1 if told is None or told.topic_offset is None else told.topic_offset[1]
        with self._books.lock:
            log = self._books.topics.get(topic(STREAM, series.interval), [])[after + 1 :]
        opens = {done(decode(each.value)).open_time for each in log if each.key == series.symbol.encode()}
        return np.array(sorted(opens), dtype=np.int64)


@dataclass
class ModelExchange:
    """The truth of each series, told by the clock; `failing` is what it answers instead."""

    clock: ManualClock
    truths: dict[Series, SeriesTruth] = field(default_factory=dict)
    failing: ExchangeError | None = None
    asked: list[tuple[Series, Millis]] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)

    def clock_offset(self) -> Result[Millis, ExchangeError]:
        return Err(self.failing) if self.failing else Ok(0)

    def symbols(self, names: Iterable[str]) -> Result[Mapping[str, SymbolInfo], ExchangeError]:
        if self.failing:
            return Err(self.failing)
        told = ((name, self.statuses.get(name, "TRADING")) for name in names)
        return Ok({name: SymbolInfo(name, name, "USDC", status) for name, status in told if status != "DELISTED"})

    def klines(self, series: Series, start: Millis, limit: int) -> Result[KlinePage, ExchangeError]:
        self.asked.append((series, start))
        return Err(self.failing) if self.failing else Ok(self.truths[series].page(start, limit, self.clock.now()))


@dataclass
class ModelFeed:
    """A feed that says what the test makes it say; it flows as soon as something is subscribed."""

    told: Callable[[FeedEvent], None]
    books: Books
    subscribed: list[frozenset[Series]] = field(default_factory=list)
    at_once: tuple[FeedEvent, ...] = ()
    closed: bool = False

    def subscribe(self, series: frozenset[Series]) -> None:
        self.books.calls.append("subscribe")
        self.subscribed.append(series)
        self.told(FeedSeam(series, 0))
        for event in self.at_once:
            self.told(event)

    def resubscribe(self, series: Series) -> None:
        pass

    def close(self) -> None:
        self.closed = True


@dataclass
class Stage:
    """Everything around producers that begin one after the other."""

    clock: ManualClock
    books: Books = field(default_factory=Books)
    config: ProducerConfig = field(default_factory=ProducerConfig)
    exchange: ModelExchange = field(init=False)
    feed: ModelFeed = field(init=False)
    at_once: tuple[FeedEvent, ...] = ()
    metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        self.exchange = ModelExchange(self.clock)

    def list(self, series: Series, history: int) -> Millis:
        """The exchange has a series, and it is wanted with so much history; returns where it begins."""
        grid = INTERVALS[series.interval]
        start = grid.shift(grid.floor(self.clock.now()), -history)
        self.exchange.truths.setdefault(series, SeriesTruth(series, first=grid.shift(start, -3)))
        return start

    def job(self, starts: Mapping[Series, Millis], generation: int = 1) -> Job:
        return Job(
            stream=STREAM,
            symbols={series.symbol: symbol_of(series.symbol) for series in starts},
            starts=starts,
            config=self.config,
            simulated=True,
            generation=generation,
        )

    def make_feed(self, told: Callable[[FeedEvent], None]) -> ModelFeed:
        self.feed = ModelFeed(told, self.books, at_once=self.at_once)
        return self.feed

    def edges(self, **changes: Any) -> Edges:
        clock = ExchangeClock(self.clock)
        self.metrics = Metrics(STREAM, clock.now, simulated=True)
        edges: dict[str, Any] = {
            "journal": BookJournal(self.books),
            "ledger": BookLedger(self.books),
            "urgent": self.exchange,
            "background": self.exchange,
            "feed": self.make_feed,
            "clock": clock,
            "room": lambda: True,
            "observer": self.metrics,
            "log": Log(),
        }
        return Edges(**{**edges, **changes})

    def push(self, series: Series, open_time: Millis) -> None:
        """The closing frame of a candle arrives."""
        self.feed.told(FeedCandle(self.exchange.truths[series].candle(open_time, websocket=True)))

    def close_next(self, series: Series) -> Millis:
        """The running candle of a series closes, and its closing frame arrives."""
        grid = INTERVALS[series.interval]
        open_time = grid.floor(self.clock.now())
        self.clock.set(grid.next(open_time) + 5)
        self.push(series, open_time)
        return open_time


@dataclass
class Running:
    """A producer in its thread; `result` is what its run returned, or the exception that ended it."""

    producer: Producer
    stop: Event = field(default_factory=Event)
    result: Any = None
    thread: Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.result = self.producer.run(self.stop)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.result = error

    def wait_begun(self) -> None:
        wait(lambda: self.producer.snapshot().begun or not self.thread.is_alive(), "it begins")

    def wait_complete(self) -> None:
        wait(lambda: self.producer.snapshot().complete, "it is complete")

    def end(self) -> Any:
        self.stop.set()
        self.thread.join(30)
        assert not self.thread.is_alive(), "it ends"
        return self.result


@contextmanager
def running(stage: Stage, starts: Mapping[Series, Millis], **edges: Any) -> Iterator[Running]:
    """A producer that has begun."""
    run = Running(Producer(stage.job(starts), stage.edges(**edges)))
    try:
        run.wait_begun()
        yield run
    finally:
        run.end()
