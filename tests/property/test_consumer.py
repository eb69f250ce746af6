"""Whatever happens on the way, enriched rows are a pure function of the stored candles."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.candle import CandleRecord, Lane
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogRecord
from cryptostream.core.resource.spec import IndicatorSpec
from cryptostream.core.stream.consumer_config import ConsumerConfig
from tests.support.consumer_world import (
    EMA,
    SMA,
    START,
    VWAP,
    World,
    candle,
    dirty_of,
    in_bulk,
    published,
    small_config,
)
from tests.support.model_store import ModelStore, rows_of

HOURS = 2
CARRIED = (SMA, IndicatorSpec("slow", "SMA", (("timeperiod", 2),), with_interval="5m"))
TWICE = (*CARRIED, IndicatorSpec("slower", "EMA", (("timeperiod", 2),), with_interval="15m"))
CONFIGS = (
    small_config(("1m",), ()),
    small_config(("1m",), (SMA, EMA, VWAP)),
    small_config(("1m", "5m"), CARRIED),
    small_config(("1m", "5m", "15m"), TWICE),
)


@dataclass(frozen=True)
class Segment:
    """`length` candles of a series from `first` on, every `stride`-th, at one revision."""

    interval: str
    first: int
    length: int
    stride: int
    revision: int
    lane: Lane

    def records(self) -> list[LogRecord]:
        series = Series("BTCUSDC", self.interval)
        numbers = range(self.first, self.first + self.length * self.stride, self.stride)
        return [self.published(series, number) for number in numbers]

    def published(self, series: Series, number: int) -> LogRecord:
        """The second revision lacks what the others have: values that read it become undefined."""
        volume = None if self.revision == 2 else "150"
        made = candle(series, number, 100 + (number * 37 + self.revision * 11) % 17, quote_volume=volume)
        return published(made, lane=self.lane, revision=self.revision)


@dataclass(frozen=True)
class Batch:
    segments: tuple[Segment, ...]
    shuffled: bool
    killed: bool

    def records(self) -> list[LogRecord]:
        found = list(chain.from_iterable(segment.records() for segment in self.segments))
        return found[::-2] + found[1::2] if self.shuffled else found


@dataclass(frozen=True)
class Listed:
    interval: str
    number: int


def listing_of(event: Listed) -> Gap:
    """What the ledger says of it."""
    interval = INTERVALS[event.interval]
    start, end = interval.shift(START, -100), interval.shift(START, event.number - 1)
    return Gap(
        series=Series("BTCUSDC", event.interval),
        start=start,
        end=end,
        candles=interval.count(start, interval.next(end)),
        cause="before_listing",
        state="closed",
        detected_at=START,
    )


class Restarted:
    """Killed between two batches."""


class Idle:
    """Time to work behind live writes."""


Happening = Batch | Listed | Restarted | Idle


@st.composite
def segments(draw: st.DrawFn, intervals: tuple[str, ...]) -> Segment:
    interval = draw(st.sampled_from(intervals))
    most = HOURS * 3_600_000 // INTERVALS[interval].step
    return Segment(
        interval=interval,
        first=draw(st.integers(0, most)),
        length=draw(st.integers(1, 30)),
        stride=draw(st.sampled_from((1, 1, 1, 2, 6))),
        revision=draw(st.sampled_from((0, 0, 0, 1, 2))),
        lane=draw(st.sampled_from(("live", "history", "repair"))),
    )


def batches(intervals: tuple[str, ...]) -> st.SearchStrategy[Batch]:
    some = st.lists(segments(intervals), min_size=1, max_size=4).map(tuple)
    return st.builds(Batch, some, st.booleans(), st.sampled_from((False, False, False, True)))


def events(intervals: tuple[str, ...]) -> st.SearchStrategy[Happening]:
    listed = st.builds(Listed, st.sampled_from(intervals), st.integers(0, 20))
    return st.one_of(batches(intervals), batches(intervals), st.builds(Restarted), st.builds(Idle), listed)


@st.composite
def histories(draw: st.DrawFn) -> tuple[ConsumerConfig, list[Happening]]:
    config = draw(st.sampled_from(CONFIGS))
    return config, draw(st.lists(events(config.intervals), min_size=1, max_size=9))


def happen(world: World, event: Happening) -> None:
    match event:
        case Batch():
            records = event.records()
            outcome = world.take(*records, killed=event.killed)
            assert sum(c.stored + c.duplicates + c.dead_lettered for c in outcome.counts.values()) == len(records)
        case Restarted():
            world.restart()
        case Idle():
            world.work_behind()
        case Listed(interval, number):
            interval_ = INTERVALS[interval]
            series = Series("BTCUSDC", interval)
            world.listings = {**world.listings, series: interval_.shift(START, number)}
            world.learn()


def assert_as_in_bulk(world: World, store: ModelStore) -> None:
    """Every stored row is the one of a computation in bulk, or known to be dirty."""
    for series in store.candles:
        wanted = rows_of(in_bulk(world.config, store, series, world.listings.get(series)))
        there = store.rows.get(series, {})
        assert there.keys() == wanted.keys()
        wrong = [t for t in wanted if there[t] != wanted[t] and not dirty_of(store.ranges, series, t)]
        assert not wrong, (series, wrong[0], there[wrong[0]], wanted[wrong[0]])


def newest(happened: Iterable[object]) -> dict[tuple[Series, int], int]:
    """The newest revision of each candle that must have reached the store."""
    found: dict[tuple[Series, int], int] = {}
    listed: dict[str, int] = {}
    for event in happened:
        if isinstance(event, Listed):
            listed[event.interval] = INTERVALS[event.interval].shift(START, event.number)
        for each in event.records() if isinstance(event, Batch) and not event.killed else ():
            made = msgspec.json.decode(each.value, type=CandleRecord)
            key = made.series, made.open_time
            if made.open_time >= listed.get(made.interval, 0):
                found[key] = max(made.revision, found.get(key, 0))
    return found


@given(histories())
def test_enriched_rows_depend_on_the_stored_candles_alone(history: tuple[ConsumerConfig, list[Happening]]) -> None:
    """Enriched values are bit-identical however the input was batched and wherever the process was restarted."""
    config, happened = history
    store = ModelStore()
    world = World(config, store)
    for event in happened:
        happen(world, event)
        assert_as_in_bulk(world, store)
    world.settle()
    assert not store.ranges
    assert_as_in_bulk(world, store)
    there = {(s, t): each.record.revision for s, kept in store.candles.items() for t, each in kept.items()}
    assert there == newest(happened)
    kept = sum(counts.stored - counts.revisions for each in world.outcomes for counts in each.counts.values())
    assert kept == len(there)
