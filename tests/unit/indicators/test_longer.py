"""Rows that carry the values of the last closed candle of a longer interval."""

import numpy as np
import pytest

from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.interval import DAY, HOUR, INTERVALS, MINUTE
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import between, empty_table, take
from tests.unit.indicators.support import START, carried, compiled, declared, enriched, walk

MINUTES = Series("BTCUSDC", "1m")
HOURS = walk(100, seed=3, interval="1h", start=START - 80 * HOUR)
CANDLES = walk(180, seed=4)
SMA = (carried("x", "SMA", "1h", timeperiod=4),)


def expected(open_time: int) -> float:
    """SMA(4) of the hours that are closed when the minute of `open_time` is."""
    return float(HOURS.close[HOURS.open_time + HOUR <= open_time + MINUTE][-4:].mean())


def test_a_row_carries_the_last_closed_hour() -> None:
    rows = enriched(CANDLES, compiled(*SMA), MINUTES, longer={"1h": HOURS})
    assert rows.values["x"] == pytest.approx([expected(open_time) for open_time in rows.open_time.tolist()])
    assert rows.warm.all()
    assert not rows.gap_in_window.any()


def test_the_hour_changes_with_its_last_minute() -> None:
    values = enriched(CANDLES, compiled(*SMA), MINUTES, longer={"1h": HOURS}).values["x"]
    assert np.flatnonzero(np.diff(values)).tolist() == [58, 118, 178]


def test_no_look_ahead() -> None:
    """What closes later than the row changes nothing, however wrong it is."""
    closed = between(HOURS, 0, START + 2 * HOUR - HOUR + 1)
    rows = enriched(CANDLES, compiled(*SMA), MINUTES, longer={"1h": HOURS}, end=START + 119 * MINUTE)
    early = enriched(CANDLES, compiled(*SMA), MINUTES, longer={"1h": closed}, end=START + 119 * MINUTE)
    np.testing.assert_array_equal(rows.values["x"], early.values["x"])


def test_the_flags_of_the_hour_count_in_the_row() -> None:
    own = declared("y", "SMA", timeperiod=2)
    short = between(HOURS, START - 3 * HOUR, START + DAY)
    rows = enriched(CANDLES, compiled(*SMA, own), MINUTES, longer={"1h": short})
    assert rows.warm.nonzero()[0].tolist() == list(range(59, 180))  # the fourth hour closes with minute 59
    assert not rows.gap_in_window.any()
    holed = take(HOURS, np.delete(np.arange(100), np.flatnonzero(HOURS.open_time == START)))
    marked = enriched(CANDLES, compiled(*SMA, own), MINUTES, longer={"1h": holed})
    assert marked.gap_in_window.nonzero()[0].tolist() == list(range(59, 180))


def test_an_absent_hour_has_no_value_and_is_not_warm() -> None:
    holed = take(HOURS, np.delete(np.arange(100), np.flatnonzero(HOURS.open_time == START)))
    rows = enriched(CANDLES, compiled(*SMA), MINUTES, longer={"1h": holed})
    absent = list(range(59, 119))
    assert np.isnan(rows.values["x"]).nonzero()[0].tolist() == absent
    assert (~rows.warm).nonzero()[0].tolist() == absent


@pytest.mark.parametrize("longer", [{}, {"1h": empty_table()}])
def test_without_hours_there_is_nothing_to_carry(longer: dict[str, CandleTable]) -> None:
    rows = enriched(CANDLES, compiled(*SMA), MINUTES, longer=longer)
    assert np.isnan(rows.values["x"]).all()
    assert not rows.warm.any()
    assert not rows.gap_in_window.any()


def test_the_listing_makes_longer_candles_warm_too() -> None:
    short = between(HOURS, START - 2 * HOUR, START + DAY)
    listing = START - 2 * HOUR + 30 * MINUTE
    assert enriched(CANDLES, compiled(*SMA), MINUTES, longer={"1h": short}, listing=listing).warm.all()


@pytest.mark.parametrize(
    ("shorter", "longer"), [("1m", "3d"), ("1h", "1w"), ("1d", "1w"), ("3d", "1w"), ("1d", "1M"), ("1w", "1M")]
)
def test_grids_that_do_not_fit_into_one_another(shorter: str, longer: str) -> None:
    """Whatever the grids: the last candle whose scheduled close is not after the row's."""
    below, above = INTERVALS[shorter], INTERVALS[longer]
    candles = walk(150, seed=5, interval=shorter, start=START + 300 * DAY)
    count = 60
    first = above.open_at(above.index(int(candles.open_time[-1])) - count + 5)
    longs = walk(count, seed=6, interval=longer, start=first)
    indicators = compiled(carried("x", "MAX", longer, timeperiod=2), intervals=(shorter, longer))
    values = enriched(candles, indicators, Series("B", shorter), longer={longer: longs}).values["x"]
    closes = np.array([above.close_time(open_time) for open_time in longs.open_time.tolist()])
    for open_time, value in zip(candles.open_time.tolist(), values, strict=True):
        place = int(closes.searchsorted(below.close_time(open_time), side="right"))
        wanted = longs.close[place - 2 : place].max() if place >= 2 else np.nan
        np.testing.assert_equal(float(value), float(wanted))
