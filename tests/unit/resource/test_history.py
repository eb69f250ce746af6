from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.interval import DAY, HOUR, INTERVALS, MINUTE, SECOND
from cryptostream.core.resource.history import (
    history_candles,
    history_start,
    poll_seconds,
    retention_seconds,
    window_seconds,
)
from tests.support.resources import NOW, stream

EMA200 = {"name": "ema200", "function": "EMA", "params": {"timeperiod": 200}}
SMA20 = {"name": "sma20", "function": "SMA", "params": {"timeperiod": 20}}
WEEK = 7 * 24 * 3600


def millis(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_the_default_depth_is_the_largest_window_and_at_least_500_candles() -> None:
    assert history_candles(stream(), "1m") == 500
    assert history_candles(stream(indicators=[SMA20]), "1m") == 500
    assert history_candles(stream(indicators=[SMA20, EMA200]), "1m") == 2072


def test_an_indicator_of_a_longer_interval_deepens_that_one_alone() -> None:
    spec = stream(intervals=["1m", "1h"], indicators=[{**EMA200, "withInterval": "1h"}])
    assert history_candles(spec, "1h") == 2072
    assert history_candles(spec, "1m") == 500


def test_history_starts_on_the_grid() -> None:
    now = millis("2026-11-01T10:30:15")
    assert history_start(stream(), "1m", now) == millis("2026-11-01T10:30:00") - 500 * MINUTE
    assert history_start(stream(source={"history": {"seconds": 90}}), "1m", now) == millis("2026-11-01T10:28:00")
    assert history_start(stream(intervals=["1M"]), "1M", now) == millis("1985-03-01T00:00:00")


def test_a_fixed_start_is_the_first_candle_from_there_on() -> None:
    spec = stream(intervals=["1h", "1d"], source={"history": {"startTime": "2026-01-01T00:30:00Z"}})
    assert history_start(spec, "1h", NOW) == millis("2026-01-01T01:00:00")
    assert history_start(spec, "1d", NOW) == millis("2026-01-02T00:00:00")


def test_a_start_beyond_the_clock_is_now() -> None:
    spec = stream(source={"history": {"startTime": "2026-10-31T00:00:00Z"}})
    assert history_start(spec, "1m", millis("2026-10-01T00:00:30")) == millis("2026-10-01T00:01:00")


@given(now=st.integers(NOW, NOW + 400 * DAY), interval=st.sampled_from(list(INTERVALS)))
def test_the_default_depth_is_counted_on_the_grid(now: int, interval: str) -> None:
    spec, grid = stream(intervals=[interval]), INTERVALS[interval]
    start = history_start(spec, interval, now)
    assert grid.is_open_time(start)
    assert grid.count(start, grid.floor(now)) == 500


def test_a_cycle_takes_a_minute_or_the_shortest_interval() -> None:
    assert poll_seconds(stream(intervals=["1s", "1m"], source={"mode": "Rest"})) == 1
    assert poll_seconds(stream(intervals=["1h"], source={"mode": "Rest"})) == 60
    assert poll_seconds(stream(source={"mode": "Rest", "pollSeconds": 300})) == 300


def test_topics_keep_a_week_or_as_long_as_is_needed() -> None:
    assert retention_seconds(stream()) == WEEK
    assert retention_seconds(stream(source={"history": {"seconds": 2 * WEEK}})) == 2 * WEEK
    assert retention_seconds(stream(intervals=["1h"], indicators=[EMA200])) == 2072 * HOUR // SECOND
    assert retention_seconds(stream(kafka={"cluster": {"name": "k"}, "topics": {"retentionSeconds": 3600}})) == 3600


def test_a_window_lasts_as_long_as_its_candles() -> None:
    spec = stream(intervals=["1m", "1h"], indicators=[SMA20, EMA200])
    assert window_seconds(spec, "1h") == (2072 * 3600, "ema200")
    assert window_seconds(stream(), "1m") == (0, "")
