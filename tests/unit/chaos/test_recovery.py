"""Recovery is counted from when nothing blocks the way any more."""

import pytest

from tests.chaos.recovery import Struck, freed_at, percentile, publishing, storing
from tests.judge.stream import Series

BTC, ETH = Series("BTCUSDC", "1s"), Series("ETHUSDC", "1s")


def struck(start: float, end: float, *blocks: str) -> Struck:
    return Struck("x", 1, start, end, frozenset(blocks))  # type: ignore[arg-type]


def test_what_blocks_the_same_way_at_the_same_time_counts_too() -> None:
    fault = struck(0, 1, "publish")
    assert freed_at(fault, "publish", [fault]) == 1
    assert freed_at(fault, "publish", [fault, struck(0.5, 4, "publish"), struck(3, 5, "publish")]) == 5
    assert freed_at(fault, "publish", [fault, struck(0.5, 4, "store"), struck(2, 9, "publish")]) == 1


def test_publishing_again_is_the_first_record_after() -> None:
    assert publishing(2.0, [1.0, 1.9, 3.5, 4.0]) == 1.5
    assert publishing(5.0, [1.0]) is None


def test_storing_again_waits_for_each_series_that_was_fed() -> None:
    looks = [(1.0, {BTC: 5}), (2.0, {BTC: 5}), (3.0, {BTC: 7}), (4.0, {BTC: 7, ETH: 1}), (20.0, {BTC: 8, ETH: 1})]
    assert storing(1.5, {BTC: [(1.0, 5), (1.6, 6)]}, looks) == 1.5 - 0.1
    assert storing(1.5, {BTC: [(1.5, 6)], ETH: [(1.9, 1)]}, looks) == 4.0 - 1.9
    assert storing(1.5, {BTC: [(1.5, 6)], ETH: [(1.0, 0)]}, looks) == 1.5
    assert storing(1.5, {BTC: [(1.5, 6)], ETH: [(9.0, 1)]}, looks) == 1.5
    assert storing(3.5, {BTC: [(3.5, 9)]}, looks) is None


def test_only_looks_after_the_end_of_a_fault_count() -> None:
    assert storing(2.5, {BTC: [(2.5, 7)]}, [(2.0, {BTC: 9}), (3.0, {BTC: 9})]) == 0.5


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.99, 4), (0.25, 1), (1.0, 4)])
def test_percentiles(share: float, value: float) -> None:
    assert percentile([4, 1, 3, 2], share) == value
