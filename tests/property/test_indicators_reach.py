from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.indicators.enrich import (
    affected_by_longer,
    affected_until,
    enrich,
    needed_from,
    needed_from_longer,
)
from cryptostream.core.market.candle import CandleTable, EnrichedTable
from cryptostream.core.market.interval import HOUR, INTERVALS, MINUTE
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import take
from cryptostream.core.resource.spec import IndicatorSpec
from tests.unit.indicators.support import START, carried, compiled, declared, walk

GRID, LONGER = INTERVALS["1m"], INTERVALS["1h"]
CHOICES: tuple[IndicatorSpec, ...] = (
    declared("sma", "SMA", timeperiod=4),
    declared("ema", "EMA", timeperiod=5),
    declared("return_of", "ROC", timeperiod=1),
    carried("hourly", "SMA", "1h", timeperiod=2),
    carried("hours", "EMA", "1h", timeperiod=2),
)
MINUTES = walk(900, seed=21)
HOURS = walk(60, seed=22, interval="1h", start=START - 45 * HOUR)
Specs = st.lists(st.sampled_from(CHOICES), max_size=4, unique=True)


def rows(specs: list[IndicatorSpec], minutes: CandleTable, hours: CandleTable) -> EnrichedTable:
    return enrich(
        minutes,
        series=Series("BTCUSDC", "1m"),
        indicators=compiled(*specs),
        start=0,
        end=1 << 60,
        first_open=int(MINUTES.open_time[0]),
        listing=None,
        longer={"1h": hours},
        longer_first={"1h": int(HOURS.open_time[0])},
    )


def changed(before: EnrichedTable, after: EnrichedTable) -> list[int]:
    """Open times of the rows that are not the same in both, or in one only."""
    own = ("mean_oc", "range")
    known = [
        {
            time: tuple(repr(float(column[i])) for column in (*columns, table.warm, table.gap_in_window))
            for i, time in enumerate(table.open_time.tolist())
        }
        for table in (before, after)
        for columns in ([column for name, column in table.values.items() if name not in own],)
    ]
    return [time for time in known[0].keys() | known[1].keys() if known[0].get(time) != known[1].get(time)]


def altered(candles: CandleTable, place: int, *, absent: bool) -> CandleTable:
    """The candle at `place` taken away, or with another close."""
    if absent:
        return take(candles, np.delete(np.arange(len(candles)), place))
    close = candles.close.copy()
    close[place] *= 1.5
    return replace(candles, close=close)


@given(Specs, st.integers(1, 899), st.booleans())
def test_a_changed_candle_changes_no_row_beyond_its_reach(specs: list[IndicatorSpec], place: int, absent: bool) -> None:
    at = int(MINUTES.open_time[place])
    until = affected_until(compiled(*specs), GRID, at)
    found = changed(rows(specs, MINUTES, HOURS), rows(specs, altered(MINUTES, place, absent=absent), HOURS))
    assert all(at <= time <= until for time in found)
    if absent and until < MINUTES.open_time[-1]:
        assert max(found) == until  # not further than it must be


@given(Specs, st.integers(1, 59), st.booleans())
def test_a_changed_longer_candle_changes_no_row_beyond_its_reach(
    specs: list[IndicatorSpec], place: int, absent: bool
) -> None:
    reach = affected_by_longer(compiled(*specs), GRID, LONGER, int(HOURS.open_time[place]))
    found = changed(rows(specs, MINUTES, HOURS), rows(specs, MINUTES, altered(HOURS, place, absent=absent)))
    assert (reach is None) == all(spec.with_interval is None for spec in specs)
    assert all(reach is not None and reach[0] <= time <= reach[1] for time in found)
    if reach is not None and absent and reach[0] >= START and reach[1] < MINUTES.open_time[-1]:
        assert (min(found), max(found)) == reach


@given(Specs, st.integers(0, 899))
def test_what_is_needed_is_not_more_than_two_windows(specs: list[IndicatorSpec], place: int) -> None:
    indicators = compiled(*specs)
    start = int(MINUTES.open_time[place])
    own = [i.window for i in indicators if i.with_interval is None]
    back = (start - needed_from(indicators, GRID, start)) // MINUTE
    assert max([1, *own]) <= back < 2 * max([1, *own]) + (not own)
    for name, low in needed_from_longer(indicators, GRID, start).items():
        windows = [i.window for i in indicators if i.with_interval == name]
        assert low <= start - max(windows) * HOUR
        assert low >= start - (2 * max(windows) + 2) * HOUR


def test_nothing_is_needed_from_before_1970() -> None:
    indicators = compiled(declared("x", "TRIX", timeperiod=500), intervals=("1M",))
    month = INTERVALS["1M"]
    assert needed_from(indicators, month, START) == 0
    assert affected_until(indicators, month, month.floor(START)) > START


def test_a_series_needs_no_interval_that_is_not_longer() -> None:
    indicators = compiled(carried("x", "SMA", "1h"))
    assert needed_from_longer(indicators, INTERVALS["1h"], START) == {}
    assert affected_by_longer(indicators, INTERVALS["1h"], INTERVALS["1h"], START) is None
    assert affected_by_longer(indicators, INTERVALS["1m"], INTERVALS["15m"], START) is None
