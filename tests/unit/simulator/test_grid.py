"""The simulator's grid against the core's, written apart."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.interval import INTERVALS
from cryptostream.simulator.grid import DAY, HOUR, NAMES, Grid

times = st.integers(0, 4_102_444_800_000)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_both_know_the_same_intervals() -> None:
    assert tuple(INTERVALS) == NAMES


@given(st.sampled_from(NAMES), times)
def test_both_grids_agree(name: str, time: int) -> None:
    grid, interval = Grid(name), INTERVALS[name]
    assert grid.floor(time) == interval.floor(time)
    assert grid.ceil(time) == interval.ceil(time)
    assert grid.next(grid.floor(time)) == interval.next(time)


@given(st.sampled_from(NAMES), times, st.integers(-12 * 4, 14 * 4))
def test_neighbours_meet(name: str, time: int, quarters: int) -> None:
    grid = Grid(name, quarters * HOUR // 4)
    here = grid.floor(time)
    assert here <= time < grid.next(here)
    assert grid.previous(grid.next(here)) == here


@pytest.mark.parametrize(
    ("name", "zone", "time", "opened"),
    [
        ("1d", 8 * HOUR, "2025-03-05T17:00", "2025-03-05T16:00"),
        ("1d", -HOUR, "2025-03-05T00:30", "2025-03-04T01:00"),
        ("1w", 0, "2025-03-05T00:00", "2025-03-03T00:00"),
        ("3d", 0, "1970-01-04T23:59", "1970-01-02T00:00"),
        ("1M", 0, "2024-02-29T23:59", "2024-02-01T00:00"),
        ("1M", 8 * HOUR, "2025-12-31T17:00", "2025-12-31T16:00"),
    ],
)
def test_edges_of_days_weeks_and_months(name: str, zone: int, time: str, opened: str) -> None:
    assert Grid(name, zone).floor(at(time)) == at(opened)


def test_a_zone_moves_edges_not_lengths() -> None:
    grid = Grid("1d", 5 * HOUR + 45 * HOUR // 60)
    assert grid.next(grid.floor(at("2025-01-01T12:00"))) - grid.floor(at("2025-01-01T12:00")) == DAY
