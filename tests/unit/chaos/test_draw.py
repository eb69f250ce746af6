"""Faults are drawn so that each kind comes often enough, three or more a round, and the same for the same seed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.draw import LEAST, WITHIN, draw
from tests.chaos.faults import BY_NAME, FAULTS

KINDS = [fault.kind for fault in FAULTS]


def test_names_are_apart() -> None:
    assert len(BY_NAME) == len(FAULTS)


@pytest.mark.parametrize("seed", [1, 2, 3, 2025])
def test_sixty_rounds_have_each_kind_five_times(seed: int) -> None:
    """`make chaos ROUNDS=60 SEED=1` (every kind of fault at least five times)"""
    drawn = draw(KINDS, 60, seed)
    counts = Counter(strike.kind.name for strikes in drawn for strike in strikes)
    assert min(counts[kind.name] for kind in KINDS) >= 5, counts.most_common()[-5:]


@given(rounds=st.integers(1, 70), seed=st.integers(0, 1000))
def test_each_round_has_three_faults_of_different_targets_that_overlap(rounds: int, seed: int) -> None:
    """three or more overlapping faults a round"""
    for strikes in draw(KINDS, rounds, seed):
        assert len(strikes) >= LEAST
        assert len({strike.kind.target for strike in strikes}) == len(strikes)
        assert all(0 <= strike.at <= WITHIN for strike in strikes)
        assert all(strike.kind.seconds[0] <= strike.seconds <= strike.kind.seconds[1] for strike in strikes)


def test_the_seed_decides() -> None:
    assert draw(KINDS, 9, 7) == draw(KINDS, 9, 7)
    assert draw(KINDS, 9, 7) != draw(KINDS, 9, 8)
