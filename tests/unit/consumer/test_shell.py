from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event

from cryptostream.clock import ManualClock
from cryptostream.consumer.edges import Edges
from cryptostream.consumer.patience import Backoff, Halt
from cryptostream.consumer.shell import Consumer, Pace
from cryptostream.core.codec.record import topic
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DeadLetter, LogError, LogRecord, NewRecord, StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_config import ConsumerConfig
from cryptostream.core.stream.consumer_state import Counts
from cryptostream.log.embedded import EmbeddedLog, EmbeddedReader
from cryptostream.observe.logs import Log
from cryptostream.observe.metrics import Metrics
from tests.support.consumer_world import START, STREAM, candle, in_bulk, published, small_config
from tests.support.model_store import ModelStore, rows_of

BTC = Series("BTCUSDC", "1m")
AWAY = StoreError("no connection", retryable=True)
NOW = START + 86_400_000
CONFIG = small_config()
PACE = Pace(limit=16, poll=0.001, pause=0.0, look=0.0, backoff=Backoff(0.001, 0.002))


class Reader(EmbeddedReader):
    """The log's reader, which stops the consumer once there is nothing to read; `happened` is shared with the rest."""

    def __init__(self, inner: EmbeddedReader, stop: Event, happened: list[str]) -> None:
        super().__init__(inner._log, inner.topics)
        self.inner = inner
        self.stop = stop
        self.happened = happened
        self.fault: LogError | None = None

    def poll(self, limit: int, timeout: float) -> Result[tuple[LogRecord, ...], LogError]:
        if self.fault is not None:
            return Err(self.fault)
        polled = self.inner.poll(limit, timeout)
        if polled == Ok(()):
            self.stop.set()
        return polled

    def commit(self, records: Sequence[LogRecord]) -> Result[None, LogError]:
        self.happened.append("commit")
        return self.inner.commit(records)


@dataclass
class Letters:
    happened: list[str]
    faults: list[LogError] = field(default_factory=list)
    kept: list[DeadLetter] = field(default_factory=list)

    def put(self, letters: Sequence[DeadLetter]) -> Result[None, LogError]:
        if self.faults:
            return Err(self.faults.pop())
        self.happened.append("letters")
        self.kept += letters
        return Ok(None)


@dataclass
class Store(ModelStore):
    happened: list[str] = field(default_factory=list)
    when_away: Callable[[], object] = lambda: None

    def write(self, batch: StoreBatch) -> Result[None, StoreError]:
        result = super().write(batch)
        if isinstance(result, Err):
            self.when_away()
        self.happened.append("write" if isinstance(result, Ok) else "failed")
        return result


def listing_of(series: Series, at: Millis) -> Gap:
    """What the ledger says of a series that was listed `at` some time."""
    return Gap(
        series=series,
        start=at - 60_000,
        end=at - 60_000,
        candles=1,
        cause="before_listing",
        state="closed",
        detected_at=at,
    )


class Rig:
    """A consumer between a real log and a model store, with everything it did in order."""

    def __init__(self, *records: LogRecord, now: Millis = NOW, config: ConsumerConfig = CONFIG) -> None:
        self.stop = Event()
        self.clock = ManualClock(now)
        self.log = EmbeddedLog(self.clock)
        self.happened: list[str] = []
        self.store = Store(happened=self.happened)
        self.letters = Letters(self.happened)
        topics = (topic(STREAM, interval) for interval in config.intervals)
        self.reader = Reader(self.log.reader(topics), self.stop, self.happened)
        self.metrics = Metrics(STREAM, self.clock.now, simulated=True)
        self.config = config
        self.listings: dict[Series, Millis] = {}
        self.publish(*records)

    def publish(self, *records: LogRecord) -> None:
        self.log.publish([NewRecord(each.topic, each.key, each.value) for each in records])

    def consumer(self) -> Consumer:
        edges = Edges(
            reader=self.reader,
            store=self.store,
            dead_letters=self.letters,
            clock=self.clock,
            ledger=lambda: Ok([listing_of(each, at) for each, at in self.listings.items()]),
            observer=self.metrics,
            log=Log(),
        )
        return Consumer(self.config, edges, PACE, jitter=lambda: 0.0)

    def run(self) -> Consumer:
        consumer = self.consumer()
        assert consumer.run(self.stop) == Ok(None)
        return consumer


def minutes(first: int, end: int) -> list[LogRecord]:
    return [published(candle(BTC, number)) for number in range(first, end)]


def unreadable(record: LogRecord) -> LogRecord:
    return LogRecord(record.topic, 0, 0, record.key, b"?", (), 0)


def test_everything_is_stored_before_it_is_committed() -> None:
    rig = Rig(*minutes(0, 40))
    rig.run()
    assert len(rig.store.candles[BTC]) == len(rig.store.rows[BTC]) == 40
    assert rig.happened == ["write", "commit"] * 3
    assert not sum(rig.log.backlog().values())


def test_a_store_that_is_away_is_waited_for_and_nothing_is_committed() -> None:
    rig = Rig(*minutes(0, 10))
    rig.store.faults = [AWAY] * 5
    consumer = rig.run()
    assert rig.happened == ["failed"] * 5 + ["write", "commit"]
    assert consumer.snapshot().fault is None
    assert consumer.snapshot().totals == Counts(stored=10)


def test_a_stop_while_the_store_is_away_leaves_everything_uncommitted() -> None:
    rig = Rig(*minutes(0, 10))

    rig.store.when_away = rig.stop.set
    rig.store.faults = [AWAY]
    consumer = rig.run()
    assert rig.happened == ["failed"]
    assert sum(rig.log.backlog().values()) == 10
    assert consumer.snapshot().fault == "storing: no connection"


def test_one_bad_candle_does_not_cost_its_batch() -> None:
    rig = Rig(*minutes(0, 16))
    rig.store.refuses = lambda each: each.record.open_time == START + 5 * 60_000
    consumer = rig.run()
    (letter,) = rig.letters.kept
    assert (letter.stage, letter.rejected.reason, letter.open_time) == ("store", "store_refused", START + 300_000)
    assert len(rig.store.candles[BTC]) == 15
    assert rig.happened[-2:] == ["letters", "commit"]
    assert consumer.snapshot().totals == Counts(stored=15, dead_lettered=1)
    rig.store.refuses = lambda _: False
    assert not rig.store.ranges
    assert rig.store.rows[BTC] == rows_of(in_bulk(rig.config, rig.store, BTC, None))


def test_a_store_that_refuses_everything_ends_the_consumer_and_loses_nothing() -> None:
    rig = Rig(*minutes(0, 80))
    rig.store.refuses = lambda _: True
    ended = rig.consumer().run(rig.stop)
    assert isinstance(ended, Err)
    assert ended.error == Halt("the store refuses every candle: bad candle", fatal=True)
    assert "commit" not in rig.happened[-3:]
    assert sum(rig.log.backlog().values()) == 80 - len(rig.letters.kept)


def test_dead_letters_are_kept_before_the_commit() -> None:
    rig = Rig(unreadable(minutes(0, 1)[0]))
    rig.letters.faults = [LogError("away")]
    rig.run()
    assert rig.happened == ["letters", "commit"]
    assert [letter.record.value for letter in rig.letters.kept] == [b"?"]


def test_a_log_that_has_ended_ends_the_consumer() -> None:
    rig = Rig()
    rig.reader.fault = LogError("fenced", fatal=True)
    assert rig.consumer().run(rig.stop) == Err(Halt("polling: fenced", fatal=True))


def test_what_is_late_is_recomputed_once_nothing_else_is_to_be_done() -> None:
    rig = Rig(*minutes(0, 16), *minutes(17, 49), *minutes(16, 17))
    consumer = rig.run()
    assert not rig.store.ranges
    assert rig.store.rows[BTC] == rows_of(in_bulk(rig.config, rig.store, BTC, None))
    assert consumer.snapshot().to_recompute == 0


def test_a_second_run_goes_on_where_the_first_was_killed() -> None:
    rig = Rig(*minutes(0, 30))
    rig.run()
    second = Rig(*minutes(20, 40))
    second.store = Store(rig.store.candles, rig.store.rows, happened=second.happened)
    consumer = second.run()
    assert consumer.snapshot().totals == Counts(stored=10, duplicates=10)
    assert second.store.rows[BTC] == rows_of(in_bulk(rig.config, second.store, BTC, None))


def test_the_snapshot_says_how_fresh_live_candles_were() -> None:
    rig = Rig(*minutes(0, 10), published(candle(BTC, 10), lane="history"), now=START + 11 * 60_000)
    (series,) = rig.run().snapshot().series
    assert (series.first_open, series.newest_open) == (START, START + 600_000)
    assert series.freshness.p50 is not None
    assert series.freshness.p99 is not None
    assert 295 < series.freshness.p50 < 305
    assert 590 < series.freshness.p99 < 610


def test_metrics_are_told_what_happened() -> None:
    rig = Rig(*minutes(0, 10), *minutes(0, 2), unreadable(minutes(0, 1)[0]))
    rig.run()
    text = rig.metrics.render().decode()
    labels = 'interval="1m",outcome="{}",stage="stored",stream="market.majors",symbol="BTCUSDC"'
    assert f"cryptostream_candles_total{{{labels.format('stored')}}} 10.0" in text
    assert f"cryptostream_candles_total{{{labels.format('duplicate')}}} 2.0" in text
    assert 'cryptostream_dead_letters_total{stage="decode",stream="market.majors"} 1.0' in text
    assert 'cryptostream_freshness_seconds{interval="1m",stream="market.majors",symbol="BTCUSDC"}' in text


def test_a_candle_that_is_not_the_sum_of_its_parts_is_counted_and_told() -> None:
    config = small_config(("1m", "5m"), ())
    rig = Rig(*minutes(0, 5), published(candle(Series("BTCUSDC", "5m"), 0, volume="9")), config=config)
    (found,) = rig.run().snapshot().mismatches
    assert (found.series.interval, found.open_time) == ("5m", START)
    counted = 'cryptostream_rollup_mismatches_total{interval="5m",stream="market.majors",symbol="BTCUSDC"} 1.0'
    assert counted in rig.metrics.render().decode()


def test_a_listing_that_becomes_known_is_learnt_while_nothing_else_happens() -> None:
    rig = Rig(*minutes(0, 30))
    rig.listings = {BTC: START}
    rig.run()
    assert rig.store.rows[BTC] == rows_of(in_bulk(rig.config, rig.store, BTC, START))
