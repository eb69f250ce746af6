"""What is in an enriched row besides the values of TA-Lib."""

from dataclasses import replace

import numpy as np
import pytest

from cryptostream.core.market.candle import Floats
from cryptostream.core.market.interval import DAY, INTERVALS, MINUTE
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import empty_table, take
from tests.unit.indicators.support import START, carried, compiled, declared, enriched, table, walk

MINUTES = Series("BTCUSDC", "1m")
HOURS = Series("BTCUSDC", "1h")


def without(count: int, *absent: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.delete(np.arange(count), absent)


def test_the_values_that_need_no_declaration() -> None:
    opens = START + np.array([0, 1, 3, 4]) * MINUTE
    prices = {"open": [10, 11, 12, 13], "high": [14, 14, 15, 15], "low": [9, 10, 10, 12], "close": [11, 12, 13, 14]}
    rows = enriched(table(opens, {name: np.array(values, float) for name, values in prices.items()}), (), MINUTES)
    np.testing.assert_array_equal(rows.values["mean_oc"], [10.5, 11.5, 12.5, 13.5])
    np.testing.assert_array_equal(rows.values["range"], [5, 4, 5, 3])
    np.testing.assert_array_equal(rows.values["return"], [np.nan, 12 / 11 - 1, np.nan, 14 / 13 - 1])
    assert rows.warm.all()
    assert not rows.gap_in_window.any()


def test_hour_and_weekday_are_utc() -> None:
    rows = enriched(walk(200, 1, "1h", start=0), (), HOURS)
    assert (rows.hour[:26] == [*range(24), 0, 1]).all()
    assert rows.weekday[0] == 3  # 1970-01-01 was a Thursday
    assert (rows.weekday[::24] == [3, 4, 5, 6, 0, 1, 2, 3, 4]).all()


def test_months_follow_the_calendar() -> None:
    months = walk(60, 1, "1M", start=0)
    rows = enriched(take(months, without(60, 30)), compiled(declared("x", "SMA", timeperiod=3)), Series("B", "1M"))
    assert np.isnan(rows.values["return"]).nonzero()[0].tolist() == [0, 30]
    assert rows.gap_in_window.nonzero()[0].tolist() == list(range(30, 35))  # months 31 to 35: anchors 30 and 33


@pytest.mark.parametrize(("start", "end"), [(0, 0), (START + DAY, START + 2 * DAY), (START + MINUTE, START)])
def test_no_rows(start: int, end: int) -> None:
    indicators = compiled(declared("x", "BBANDS"), carried("y", "SMA", "1h"))
    rows = enriched(walk(100, 1), indicators, MINUTES, start=start, end=end)
    assert len(rows) == 0
    assert set(rows.values) == {"x_upper", "x_middle", "x_lower", "y", "mean_oc", "return", "range"}
    assert all(len(column) == 0 for column in rows.values.values())


def test_an_empty_store_has_no_rows() -> None:
    assert len(enriched(empty_table(), compiled(declared("x", "SMA")), MINUTES)) == 0


def test_rows_carry_the_revision_of_their_candle() -> None:
    candles = replace(walk(5, 1), revision=np.array([0, 1, 0, 3, 0]))
    assert enriched(candles, (), MINUTES).revision.tolist() == [0, 1, 0, 3, 0]


def test_warm_needs_the_window() -> None:
    """SMA(3) at index i reads [anchor - 3, i]; START lies at index 0 of a window."""
    assert INTERVALS["1m"].index(START) % 3 == 0
    rows = enriched(walk(9, 1), compiled(declared("x", "SMA", timeperiod=3)), MINUTES)
    assert rows.warm.tolist() == [False, False, True, True, True, True, True, True, True]
    assert np.isnan(rows.values["x"]).tolist() == [True, True, *[False] * 7]


def test_a_series_that_goes_back_to_its_listing_is_warm() -> None:
    indicators = compiled(declared("x", "EMA", timeperiod=20))
    candles = walk(600, 1)
    assert not enriched(candles, indicators, MINUTES).warm[0]
    assert enriched(candles, indicators, MINUTES, listing=START).warm.all()
    assert enriched(candles, indicators, MINUTES, listing=START + 59_000).warm.all()
    # Listed earlier than stored: the first candles are missing.
    assert not enriched(candles, indicators, MINUTES, listing=START - MINUTE).warm[0]


def test_an_absent_candle_marks_the_rows_that_read_it() -> None:
    """Window 3: the candle of index 4 is read by the rows up to index 8."""
    rows = enriched(take(walk(12, 1), without(12, 4)), compiled(declared("x", "SMA", timeperiod=3)), MINUTES)
    index = ((rows.open_time - START) // MINUTE).tolist()
    assert [i for i, gap in zip(index, rows.gap_in_window, strict=True) if gap] == [5, 6, 7, 8]
    assert [i for i, warm in zip(index, rows.warm, strict=True) if not warm] == [0, 1]


def test_absent_candles_are_skipped() -> None:
    candles = take(walk(12, 1), without(12, 4))
    rows = enriched(candles, compiled(declared("x", "SMA", timeperiod=3)), MINUTES)
    assert rows.values["x"][4] == pytest.approx(candles.close[2:5].mean())


def test_slots_before_the_first_candle_are_no_gaps() -> None:
    indicators = compiled(declared("x", "EMA", timeperiod=20))
    assert not enriched(walk(300, 1), indicators, MINUTES).gap_in_window.any()
    assert enriched(walk(300, 1), indicators, MINUTES, first_open=START - MINUTE).gap_in_window[0]


def test_a_candle_without_the_input_is_absent_for_that_indicator_only() -> None:
    candles = walk(400, 1)
    lacking = candles.quote_volume.copy()
    lacking[100] = np.nan
    candles = replace(candles, quote_volume=lacking)
    vwap, sma = declared("x", "VWAP", timeperiod=5), declared("y", "SMA", timeperiod=5, input="quote_volume")
    rows = enriched(candles, compiled(vwap, sma), MINUTES)
    clean = enriched(take(candles, without(400, 100)), compiled(vwap, sma), MINUTES)
    assert np.isnan(rows.values["x"][100])
    assert not rows.warm[100]
    assert rows.gap_in_window[100]
    for field in ("x", "y"):
        np.testing.assert_array_equal(np.delete(rows.values[field], 100), clean.values[field])
    alone = enriched(candles, compiled(declared("z", "SMA", timeperiod=5)), MINUTES)
    assert not alone.gap_in_window.any()


def test_a_source_without_the_input_leaves_the_field_out() -> None:
    candles = replace(walk(50, 1), quote_volume=np.full(50, np.nan))
    rows = enriched(candles, compiled(declared("x", "VWAP")), MINUTES)
    assert np.isnan(rows.values["x"]).all()
    assert not rows.warm.any()
    assert rows.gap_in_window.all()


def test_values_that_are_no_number_are_left_out() -> None:
    flat: Floats = np.ones(50)
    candles = table(START + np.arange(50) * MINUTE, dict.fromkeys(("open", "high", "low", "close", "volume"), flat))
    rows = enriched(candles, compiled(declared("x", "ZSCORE", timeperiod=5)), MINUTES)
    assert np.isnan(rows.values["x"]).all()


def test_patterns_are_absent_until_they_can_be_seen() -> None:
    (doji,) = compiled(declared("x", "CDLDOJI"))
    rows = enriched(walk(50, 1), (doji,), MINUTES)
    assert np.isnan(rows.values["x"][: doji.lookback]).all()
    assert set(rows.values["x"][doji.lookback :]) <= {-100.0, 0.0, 100.0}


def test_hours_do_not_carry_what_is_declared_with_an_hour() -> None:
    indicators = compiled(carried("x", "SMA", "1h"), declared("y", "SMA"))
    assert set(enriched(walk(50, 1, "1h"), indicators, HOURS).values) == {"y", "mean_oc", "return", "range"}
