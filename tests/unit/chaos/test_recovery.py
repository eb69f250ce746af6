"""Recovery is counted from when nothing blocks the way any more."""

import pytest

from tests.chaos.recovery import Struck, freed_at, percentile, publishing, storing

PLACE, OTHER = ("t", 0), ("t", 1)


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


def test_storing_again_waits_for_each_partition_that_was_fed() -> None:
    looks = [(1.0, {PLACE: 5}), (2.0, {PLACE: 5}), (3.0, {PLACE: 7}), (4.0, {PLACE: 7, OTHER: 1})]
    assert storing(1.5, {PLACE: [2.0]}, looks) == 1.5
    assert storing(1.5, {PLACE: [2.0], OTHER: [2.5]}, looks) == 2.5
    assert storing(1.5, {PLACE: [2.0], OTHER: [1.0]}, looks) == 1.5
    assert storing(3.5, {PLACE: [4.0]}, looks) is None
    assert storing(9.0, {PLACE: [9.5]}, looks) is None


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.99, 4), (0.25, 1), (1.0, 4)])
def test_percentiles(share: float, value: float) -> None:
    assert percentile([4, 1, 3, 2], share) == value
