from dataclasses import replace

import numpy as np
import pytest

from cryptostream.core.indicators.compare import row_differences
from tests.support.stored import BTC_1M, MINUTE, T0, rows

OPENS = [T0 + place * MINUTE for place in range(4)]
STORED = rows(BTC_1M, OPENS, {"sma": [float("nan"), 1.0, 0.1 + 0.2, -0.0], "gone": [9.0, 9.0, 9.0, 9.0]})
COMPUTED = replace(STORED, values={"sma": STORED.values["sma"]})


def test_the_same_rows_have_no_difference_and_undefined_equals_undefined() -> None:
    assert list(row_differences(STORED, COMPUTED)) == []


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([float("nan"), 1.0, 0.3, -0.0], (OPENS[2], "sma is 0.30000000000000004, computed 0.3")),
        ([float("nan"), 1.0, 0.1 + 0.2, 0.0], (OPENS[3], "sma is -0.0, computed 0.0")),
        ([1.0, 1.0, 0.1 + 0.2, -0.0], (OPENS[0], "sma is nan, computed 1.0")),
        ([float("nan"), float("nan"), 0.1 + 0.2, -0.0], (OPENS[1], "sma is 1.0, computed nan")),
    ],
    ids=["last bit", "sign of zero", "stored as undefined", "computed as undefined"],
)
def test_every_bit_counts(value: list[float], told: tuple[int, str]) -> None:
    assert list(row_differences(STORED, replace(COMPUTED, values={"sma": np.array(value)}))) == [told]


@pytest.mark.parametrize("column", ["revision", "warm", "gap_in_window", "hour", "weekday"])
def test_flags_and_times_count(column: str) -> None:
    other = getattr(COMPUTED, column).copy()
    other[1] = not other[1] if other.dtype == bool else other[1] + 1
    ((open_time, told),) = row_differences(STORED, replace(COMPUTED, **{column: other}))
    assert open_time == OPENS[1]
    assert told.startswith(f"{column} is ")


def test_rows_on_one_side_only_are_named_in_order() -> None:
    other = rows(BTC_1M, [OPENS[1], OPENS[3] + MINUTE], {"sma": [2.0, 2.0]})
    assert [told for _, told in row_differences(STORED, other)] == [
        "there is a row, but no candle",
        "sma is 1.0, computed 2.0",
        "there is a row, but no candle",
        "there is a row, but no candle",
        "there is a candle, but no row",
    ]


def test_a_field_that_was_never_stored_is_undefined() -> None:
    other = replace(COMPUTED, values={**COMPUTED.values, "new": np.array([1.0, float("nan"), 1.0, 1.0])})
    assert [open_time for open_time, _ in row_differences(STORED, other)] == [OPENS[0], OPENS[2], OPENS[3]]


def test_several_differences_of_a_row_are_told_as_one() -> None:
    other = replace(COMPUTED, values={"sma": STORED.values["sma"], "a": np.ones(4)}, warm=~COMPUTED.warm)
    assert next(row_differences(STORED, other)) == (OPENS[0], "a is nan, computed 1.0 (and 1 more)")
