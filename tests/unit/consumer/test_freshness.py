import math

from hypothesis import given
from hypothesis import strategies as st

from cryptostream.consumer.freshness import Percentiles, added, percentiles


def test_without_a_sample_there_is_no_figure() -> None:
    assert percentiles({}) == Percentiles(None, None)


def test_a_clock_that_is_behind_counts_as_zero() -> None:
    assert percentiles(added({}, [-5])) == Percentiles(0.0, 0.0)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=200), st.integers(0, 200))
def test_percentiles_are_right_within_one_per_cent(ages: list[int], cut: int) -> None:
    found = percentiles(added(added({}, ages[:cut]), ages[cut:]))
    ranked = sorted(ages)
    for share, figure in ((0.5, found.p50), (0.99, found.p99)):
        exact = ranked[math.ceil(share * len(ranked)) - 1] / 1000
        assert figure is not None
        assert abs(figure - exact) <= 0.01 * exact + 0.001
