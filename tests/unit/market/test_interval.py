"""The grids of open times against dates that anyone can look up, and against what the exchange recorded."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from cryptostream.core.market.interval import DAY, HOUR, INTERVALS, MINUTE, to_millis


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_the_exchange_has_sixteen_intervals_shortest_first() -> None:
    assert " ".join(INTERVALS) == "1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M"
    assert [each.step for each in INTERVALS.values()] == sorted(each.step for each in INTERVALS.values())
    assert all(name == each.name for name, each in INTERVALS.items())


@pytest.mark.parametrize(
    ("interval", "time", "opens", "closes"),
    [
        ("1s", "2024-02-29T23:59:59.999", "2024-02-29T23:59:59", "2024-02-29T23:59:59.999"),
        ("1m", "2024-02-29T23:59:59", "2024-02-29T23:59", "2024-02-29T23:59:59.999"),
        ("3m", "2024-02-29T00:05", "2024-02-29T00:03", "2024-02-29T00:05:59.999"),
        ("5m", "2024-02-29T00:05", "2024-02-29T00:05", "2024-02-29T00:09:59.999"),
        ("15m", "2024-02-29T00:59", "2024-02-29T00:45", "2024-02-29T00:59:59.999"),
        ("30m", "2024-02-29T00:59", "2024-02-29T00:30", "2024-02-29T00:59:59.999"),
        ("1h", "2024-02-29T00:59", "2024-02-29T00:00", "2024-02-29T00:59:59.999"),
        ("2h", "2024-02-29T03:59", "2024-02-29T02:00", "2024-02-29T03:59:59.999"),
        ("4h", "2024-02-29T03:59", "2024-02-29T00:00", "2024-02-29T03:59:59.999"),
        ("6h", "2024-02-29T23:59", "2024-02-29T18:00", "2024-02-29T23:59:59.999"),
        ("8h", "2024-02-29T23:59", "2024-02-29T16:00", "2024-02-29T23:59:59.999"),
        ("12h", "2024-02-29T23:59", "2024-02-29T12:00", "2024-02-29T23:59:59.999"),
        ("1d", "2024-02-29T12:00", "2024-02-29", "2024-02-29T23:59:59.999"),
        ("3d", "1970-01-03", "1970-01-02", "1970-01-04T23:59:59.999"),
        ("3d", "2017-08-19T12:00", "2017-08-17", "2017-08-19T23:59:59.999"),  # the first of BTCUSDT
        ("3d", "2024-06-01", "2024-05-30", "2024-06-01T23:59:59.999"),  # does not restart with a month
        ("1w", "1970-01-05", "1970-01-05", "1970-01-11T23:59:59.999"),
        ("1w", "2024-03-03T23:59", "2024-02-26", "2024-03-03T23:59:59.999"),
        ("1w", "2025-01-01", "2024-12-30", "2025-01-05T23:59:59.999"),
        ("1M", "2024-02-29T23:59", "2024-02-01", "2024-02-29T23:59:59.999"),
        ("1M", "2023-02-28T23:59", "2023-02-01", "2023-02-28T23:59:59.999"),
        ("1M", "1970-01-01", "1970-01-01", "1970-01-31T23:59:59.999"),
        ("1M", "2024-12-31T23:59", "2024-12-01", "2024-12-31T23:59:59.999"),
        ("1M", "2000-02-10", "2000-02-01", "2000-02-29T23:59:59.999"),
        ("1M", "2100-02-10", "2100-02-01", "2100-02-28T23:59:59.999"),
    ],
)
def test_the_candle_of_a_moment(interval: str, time: str, opens: str, closes: str) -> None:
    grid = INTERVALS[interval]
    assert grid.floor(at(time)) == at(opens)
    assert grid.close_time(at(opens)) == at(closes)
    assert grid.next(at(time)) == at(closes) + 1
    assert grid.is_open_time(at(opens))
    assert not grid.is_open_time(at(opens) + 1)
    assert not grid.is_open_time(at(closes))


def test_weeks_open_on_mondays() -> None:
    week = INTERVALS["1w"]
    opens = week.opens(week.floor(at("2020-01-01")), at("2030-01-01"))
    assert {datetime.fromtimestamp(time / 1000, UTC).isoweekday() for time in opens} == {1}


def test_months_have_the_lengths_of_the_calendar() -> None:
    month = INTERVALS["1M"]
    opens = month.opens(at("2023-12-01"), at("2025-01-01"))
    days = [(month.next(time) - time) // DAY for time in opens]
    assert days == [31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert month.count(at("2023-12-01"), at("2025-01-01")) == 13
    assert month.shift(at("2024-01-01"), -1) == at("2023-12-01")
    assert month.shift(at("2024-01-01"), 14) == at("2025-03-01")


def test_the_step_is_the_shortest_candle() -> None:
    for grid in INTERVALS.values():
        opens = grid.opens(grid.floor(at("2022-01-01")), at("2026-01-01"))[:2000]
        assert min(grid.next(time) - time for time in opens) == grid.step, grid.name


def test_ceil_is_the_first_open_time_from_a_moment_on() -> None:
    hour = INTERVALS["1h"]
    assert hour.ceil(5 * HOUR) == 5 * HOUR
    assert hour.ceil(5 * HOUR + 1) == 6 * HOUR


@pytest.mark.parametrize("name", ["1h", "1M"])
def test_an_empty_range_has_no_open_times(name: str) -> None:
    grid = INTERVALS[name]
    start = grid.floor(at("2024-05-01"))
    assert list(grid.opens(start, start)) == []
    assert list(grid.opens(start, start - 1)) == []
    assert grid.count(start, grid.shift(start, -3)) == 0


def test_the_unit_of_a_time_is_told_by_its_magnitude() -> None:
    assert to_millis(1735689600000) == 1735689600000
    assert to_millis(1735689659999999) == 1735689659999
    assert to_millis(99_999_999_999_999) == 99_999_999_999_999
    assert to_millis(100_000_000_000_000) == 100_000_000_000


RECORDED = {
    "derived_XRPETH-1s-2019-10-11T00-06h_from_trades_zero_filled.csv": ("1s", 0),
    "spot_ALGOBTC-1m-2023-04-09_11_ohlcv_zero_volume.csv": ("1m", 0),
    "spot_BTCUSDT-1m-2023-03-23_25_ohlcv_with_outage.csv": ("1m", 80),
    "spot_BTCUSDT-15m-rest1000_2024-09.csv": ("15m", 0),
    "spot_BTCUSDT-1h-2023-01_2023-05_with_outage.csv": ("1h", 1),
    "spot_BTCUSDT-1d-full.csv": ("1d", 0),
}


@pytest.mark.parametrize("name", RECORDED)
def test_what_the_exchange_recorded_lies_on_the_grid(shared_data: Path, name: str) -> None:
    interval, absent = RECORDED[name]
    grid = INTERVALS[interval]
    with (shared_data / "klines" / name).open(newline="") as file:
        rows = [(int(row["open_time"]), int(row["close_time"])) for row in csv.DictReader(file)]
    opens = [open_time for open_time, _ in rows]
    expected = grid.opens(opens[0], opens[-1] + 1)
    assert set(opens) <= set(expected)
    assert len(expected) - len(opens) == absent
    assert grid.count(opens[0], grid.next(opens[-1])) == len(expected)
    assert grid.indices(np.array(opens)).tolist() == [grid.index(open_time) for open_time in opens]
    early = [open_time for open_time, close_time in rows if close_time != grid.close_time(open_time)]
    assert all(open_time <= close_time <= grid.close_time(open_time) for open_time, close_time in rows)
    if name.startswith("spot_BTCUSDT-1h"):
        assert early == [at("2023-03-24T12:00")]


def test_an_hour_has_sixty_minutes() -> None:
    assert len(INTERVALS["1m"].opens(HOUR, 2 * HOUR)) == HOUR // MINUTE == 60
