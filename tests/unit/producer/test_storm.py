"""Producers one after the other through everything that can happen to them, as threads, against books in memory."""

import random
import time
from collections import Counter

import pytest

from cryptostream.clock import ManualClock
from cryptostream.core.market.interval import INTERVALS, MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import ExchangeError, LogError
from cryptostream.core.result import Err, Ok
from cryptostream.producer.shell import Producer
from tests.support.feed import wait
from tests.support.producer_shell import Running, Stage

NOW = 1_700_000_000_000 // MINUTE * MINUTE + 30 * SECOND
ALL = tuple(Series(symbol, interval) for symbol in ("BTCUSDC", "ETHUSDC") for interval in ("1m", "5m"))


class Storm:
    """A stage, a producer on it, and what may happen to both."""

    def __init__(self, seed: int) -> None:
        self.luck = random.Random(seed)
        self.stage = Stage(ManualClock(NOW))
        self.starts = {series: self.stage.list(series, 60) for series in ALL}
        self.named: Counter[tuple[Series, Millis]] = Counter()
        self.generation = 1
        self.run = self.begin()

    def begin(self) -> Running:
        run = Running(Producer(self.stage.job(self.starts), self.stage.edges()))
        run.wait_begun()
        return run

    def pass_time(self) -> None:
        """Candles close; their frames arrive, are lost, or come twice."""
        clock = self.stage.clock
        until = clock.now() + self.luck.randint(1, 150) * SECOND
        while clock.now() < until:
            clock.advance(min(10 * SECOND, until - clock.now()))
            time.sleep(self.luck.random() * 0.004)  # so that a producer is met in the midst of anything
            for series in ALL:
                grid = INTERVALS[series.interval]
                closed = grid.shift(grid.floor(clock.now()), -1)
                if clock.now() - grid.next(closed) < 10 * SECOND:
                    for _ in range(self.luck.choice((0, 1, 1, 1, 2))):
                        self.stage.push(series, closed)

    def fail(self) -> None:
        self.stage.exchange.failing = ExchangeError("unavailable", "made up")
        self.pass_time()
        self.stage.exchange.failing = None

    def kill(self) -> None:
        """At its next publication, before or after that is there for everybody."""
        committed = self.luck.random() < 0.5
        taken: list[int] = []

        def die() -> Ok[None] | Err[LogError]:
            if committed and not taken:
                taken.append(1)
                return Ok(None)
            return Err(LogError("killed", fatal=True))

        self.stage.books.before = die
        while self.run.thread.is_alive():
            self.pass_time()
            self.run.thread.join(0.05)
        self.stage.books.before = lambda: Ok(None)
        self.pass_time()
        self.run = self.begin()

    def fence(self) -> None:
        """Another begins while this one runs."""
        old = self.run
        self.run = self.begin()
        while old.thread.is_alive():
            self.pass_time()
            old.thread.join(0.05)

    def stop(self) -> None:
        assert self.run.end() == Ok(None)
        self.pass_time()
        self.run = self.begin()

    def expire(self) -> None:
        series = self.luck.choice(ALL)
        grid = INTERVALS[series.interval]
        known = self.stage.books.opens(series)
        if not known:
            return
        first = self.luck.choice(known)
        last = grid.shift(first, self.luck.randint(0, 5))
        self.named.update((series, open_time) for open_time in grid.opens(first, grid.next(last)))
        self.stage.books.name_expired(series, first, last)

    def assign(self) -> None:
        """Some series are taken away, and come back."""
        self.generation += 1
        some = {series: start for series, start in self.starts.items() if self.luck.random() < 0.6}
        symbols = self.stage.job(self.starts).symbols
        self.run.producer.assign(symbols, some, self.generation)
        self.pass_time()
        self.run.producer.assign(symbols, self.starts, self.generation + 1)
        self.generation += 1

    def settle(self) -> None:
        """Without faults all is published, or named, in the end."""
        newest = self.stage.clock.now()
        until = newest + 15 * MINUTE

        def settled() -> bool:
            if self.stage.clock.now() < until:
                self.stage.clock.advance(2 * SECOND)
            shot = self.run.producer.snapshot()
            opened = any(gap.state == "open" for gap in self.stage.books.gaps())
            behind = any(each.next_open < newest - 5 * MINUTE for each in shot.series)
            return shot.complete and len(shot.series) == len(ALL) and not opened and not behind

        wait(settled, "it settles")
        assert self.run.end() == Ok(None)


@pytest.mark.parametrize("seed", range(4))
def test_each_candle_is_published_once_whatever_happens(seed: int) -> None:
    """Kills, fencing, stops, assignments, expired ranges, lost and doubled frames, an exchange that fails."""
    storm = Storm(seed)
    happenings = [storm.pass_time, storm.fail, storm.kill, storm.fence, storm.stop, storm.expire, storm.assign]
    for _ in range(25):
        storm.luck.choice(happenings)()
    storm.settle()
    for series, start in storm.starts.items():
        grid = INTERVALS[series.interval]
        counts = Counter((record.open_time, record.revision) for record in storm.stage.books.records(series))
        told = storm.stage.books.progress()[series]
        assert {open_time for open_time, _ in counts} == set(grid.opens(start, told.next_open))
        for (open_time, revision), count in counts.items():
            assert (revision, count) <= (0, 1 + storm.named[series, open_time])
        assert told.published == len(counts)
