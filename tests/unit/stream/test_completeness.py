from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.stream.completeness import absent_runs


@given(
    st.sampled_from(sorted(INTERVALS)),
    st.integers(0, 30),
    st.integers(0, 30),
    st.sets(st.integers(0, 60)),
)
def test_runs_and_stored_opens_together_are_the_grid(name: str, begin: int, length: int, present: set[int]) -> None:
    interval, first = INTERVALS[name], 100 + begin
    start, end = interval.open_at(first), interval.open_at(first + length)
    grid = {interval.open_at(index) for index in range(first, first + length)}
    stored = sorted({interval.open_at(100 + place) for place in present} & grid)
    runs = absent_runs(interval, np.array(stored, dtype=np.int64), start, end)
    absent = {each for low, high in runs for each in interval.opens(low, high + 1)}
    assert absent == grid - set(stored)
    assert all(interval.next(high) < low for (_, high), (low, _) in pairwise(runs))
