"""A crash between any two effects, one after the other: candles, deletions, rows, dead letters, gaps and commits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from cryptostream.core.codec.record import decode
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogRecord
from cryptostream.core.resource.spec import IndicatorSpec
from cryptostream.core.result import Ok
from cryptostream.core.stream.consumer_config import ConsumerConfig
from tests.support.consumer_rig import GroupRig
from tests.support.consumer_world import EMA, SMA, VWAP, candle, in_bulk, log_record, published, small_config
from tests.support.model_store import rows_of

BTC = Series("BTCUSDC", "1m")
BTC_5M = Series("BTCUSDC", "5m")
SLOW = IndicatorSpec("slow", "SMA", (("timeperiod", 2),), with_interval="5m")


def candles(numbers: Sequence[int], series: Series = BTC, revision: int = 0) -> list[LogRecord]:
    volume = None if revision == 2 else "150"
    made = [candle(series, n, 100 + (n * 37 + revision * 11) % 17, quote_volume=volume) for n in numbers]
    return [published(each, revision=revision) for each in made]


@dataclass(frozen=True)
class Story:
    """What was stored and committed before, and what is read when the process ends."""

    config: ConsumerConfig
    before: tuple[LogRecord, ...]
    then: tuple[LogRecord, ...]


def story(config: ConsumerConfig, before: Sequence[LogRecord], then: Sequence[LogRecord]) -> Story:
    return Story(replace(config, held=12), tuple(before), tuple(then))


PLAIN = small_config(("1m",), (SMA, EMA, VWAP))
CARRIED = small_config(("1m", "5m"), (SMA, SLOW))
STORIES = {
    "a fresh series": lambda: story(PLAIN, (), candles(range(12))),
    "history before all that is there": lambda: story(PLAIN, candles(range(100, 106)), candles(range(8))),
    "history in pieces, back to front": lambda: story(
        PLAIN, candles(range(100, 106)), [*candles(range(50, 54)), *candles(range(5)), *candles(range(20, 23))]
    ),
    "late and restated candles": lambda: story(
        PLAIN,
        candles([*range(6), *range(7, 20)]),
        [*candles([6]), *candles([3, 9], revision=1), *candles([9, 12], revision=2), *candles([20, 21])],
    ),
    "longer candles that shorter ones carry": lambda: story(
        CARRIED, [*candles(range(40)), *candles([4, 5], BTC_5M)], [*candles([1, 0, 6], BTC_5M), *candles([40, 41])]
    ),
    "dead letters in between": lambda: story(
        PLAIN, candles(range(3)), [*candles([4]), log_record(b"?"), *candles([3]), log_record(b"{}"), *candles([5])]
    ),
}


def rig_of(told: Story) -> GroupRig:
    rig = GroupRig(told.config)
    rig.publish(*told.before)
    rig.run()
    rig.publish(*told.then)
    return rig


def newest(told: Story) -> dict[tuple[str, int], int]:
    """The newest revision of each candle that was published."""
    found: dict[tuple[str, int], int] = {}
    for log in (*told.before, *told.then):
        decoded = decode(log.value)
        if isinstance(decoded, Ok):
            each = decoded.value
            key = each.interval, each.open_time
            found[key] = max(each.revision, found.get(key, 0))
    return found


def assert_nothing_shows(rig: GroupRig, told: Story) -> None:
    consumer = rig.run()
    assert rig.log.behind == 0
    for series in rig.store.candles:
        assert rig.store.rows[series] == rows_of(in_bulk(told.config, rig.store, series, None)), series
    there = {
        (s.interval, at): each.record.revision for s, kept in rig.store.candles.items() for at, each in kept.items()
    }
    assert there == newest(told)
    assert sorted(each.record.value for each in rig.letters.values()) == [b"?", b"{}"][: len(rig.letters)]
    assert all(each.read == each.fate.records for each in consumer.snapshot().places)


@pytest.mark.parametrize("name", STORIES)
def test_an_end_at_any_effect_leaves_no_trace(name: str) -> None:
    make: Callable[[], Story] = STORIES[name]
    dry = rig_of(make())
    before = len(dry.fuse.happened)
    dry.run()
    effects = len(dry.fuse.happened) - before
    assert effects >= 4  # letters, candles, their ledger, the commit
    for effect in range(effects):
        told = make()
        rig = rig_of(told)
        rig.run_with_crash_at(effect)
        assert_nothing_shows(rig, told)


@pytest.mark.parametrize("name", STORIES)
def test_what_could_only_be_read_is_written_again(name: str) -> None:
    """InfluxDB shows what it has not logged, where its log failed or nobody waited for the answer any more."""
    make: Callable[[], Story] = STORIES[name]
    dry = rig_of(make())
    before = len(dry.fuse.happened)
    dry.run()
    for effect in range(len(dry.fuse.happened) - before):
        told = make()
        rig = rig_of(told)
        rig.store.volatile = True
        rig.run_with_crash_at(effect)
        rig.run()
        assert not rig.store.unlogged
        rig.store.restart()
        assert_nothing_shows(rig, told)
