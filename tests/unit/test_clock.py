"""The clocks, each against a wall clock that the test moves."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.clock import JumpingClock, ManualClock, ScaledClock, SystemClock
from cryptostream.core.ports import Clock


class Wall:
    def __init__(self) -> None:
        self.ns = 5_000

    def __call__(self) -> int:
        return self.ns


def test_every_clock_is_a_clock() -> None:
    clocks: tuple[Clock, ...] = (SystemClock(), ScaledClock(0), JumpingClock([(0, 1)]), ManualClock(0))
    assert all(clock.now_micros() // 1000 <= clock.now() for clock in clocks)
    assert all(clock.real_seconds(-5) == 0 for clock in clocks)


def test_scaled_clock_runs_faster_than_the_wall() -> None:
    wall = Wall()
    clock = ScaledClock(1_000, 200, wall)
    wall.ns += 1_000_000_000
    assert clock.now() == 201_000
    assert clock.real_seconds(1_000) == 0.005


@pytest.mark.parametrize("speed", [0, -1])
def test_scaled_clock_refuses_a_speed_that_is_none(speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be above 0"):
        ScaledClock(0, speed)


def test_jumping_clock_leaves_out_what_lies_between_and_runs_past_the_end() -> None:
    wall = Wall()
    clock = JumpingClock([(100, 200), (1_000, 1_050)], 1.0, wall)
    seen = []
    for _ in range(5):
        seen.append(clock.now())
        wall.ns += 50_000_000
    assert seen == [100, 150, 1_000, 1_050, 1_100]


@given(st.lists(st.integers(0, 10_000), max_size=20))
def test_manual_clock_is_moved_by_hand_alone(steps: list[int]) -> None:
    clock = ManualClock(7)
    for step in steps:
        clock.advance(step)
    assert clock.now() == 7 + sum(steps)


def test_manual_clock_may_be_moved_from_many_threads() -> None:
    clock = ManualClock(0)

    def push() -> None:
        for _ in range(500):
            clock.advance(1)

    threads = [threading.Thread(target=push) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == 2_000


def test_manual_clock_does_not_run_backwards() -> None:
    clock = ManualClock(50)
    clock.set(60)
    with pytest.raises(ValueError, match="backwards"):
        clock.set(59)
