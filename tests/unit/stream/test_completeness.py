from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.gap import Cause, Gap, GapState
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.series import Series
from cryptostream.core.stream.completeness import absent_runs, named


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


MINUTES = INTERVALS["1m"]
SERIES = Series("BTCUSDC", "1m")


def opens(first: int, last: int) -> tuple[int, int]:
    return MINUTES.open_at(first), MINUTES.open_at(last)


def gap(first: int, last: int, cause: Cause = "exchange_outage", state: GapState = "closed") -> Gap:
    start, end = opens(first, last)
    return Gap(series=SERIES, start=start, end=end, candles=last - first + 1, cause=cause, state=state, detected_at=end)


def test_absent_runs_are_cut_where_the_cause_changes() -> None:
    gaps = (gap(3, 4), gap(4, 8, "pending", "open"), gap(20, 30))
    assert sorted(named(MINUTES, [opens(1, 6), opens(9, 9), opens(30, 31)], gaps), key=lambda piece: piece[1]) == [
        (None, opens(1, 2)),
        ("exchange_outage", opens(3, 4)),
        ("pending", opens(5, 6)),
        (None, opens(9, 9)),
        ("exchange_outage", opens(30, 30)),
        (None, opens(31, 31)),
    ]


def test_what_is_proved_comes_before_what_is_open() -> None:
    for gaps in ((gap(0, 9, "pending", "open"), gap(2, 3)), (gap(2, 3), gap(0, 9, "pending", "open"))):
        causes = {cause for cause, run in named(MINUTES, [opens(2, 3)], gaps)}
        assert causes == {"exchange_outage"}


def test_a_gap_closed_as_repaired_names_nothing() -> None:
    assert list(named(MINUTES, [opens(2, 3)], [gap(0, 9, "pending", "closed")])) == [(None, opens(2, 3))]
