from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.candle import CandleTable, Floats, Ints
from cryptostream.core.market.interval import DAY, HOUR, INTERVALS, MINUTE
from cryptostream.core.market.rollup import divides, rollup_differences
from cryptostream.core.market.table import between, empty_table, take
from tests.unit.indicators.support import START, recorded, walk

M1, M15, H1, D1, W1, MONTH = (INTERVALS[name] for name in ("1m", "15m", "1h", "1d", "1w", "1M"))
ALTERABLE = (*("open", "high", "low", "close", "volume"), *("quote_volume", "taker_buy_volume", "trades"))


def counted(candles: CandleTable) -> CandleTable:
    return replace(candles, trades=np.arange(len(candles), dtype=np.int64))


MINUTES = counted(walk(600, seed=31))


def rolled_up(parts: CandleTable, size: int) -> CandleTable:
    """Every `size` parts as one candle, added up one by one."""
    groups = [slice(i, i + size) for i in range(0, len(parts), size)]

    def over(column: Floats, combine: np.ufunc) -> Floats:
        return np.array([combine.reduce(column[group]) for group in groups])

    def total(column: Ints) -> Ints:
        return np.array([int(column[group].sum()) for group in groups], np.int64)

    return replace(
        take(parts, np.arange(0, len(parts), size)),
        high=over(parts.high, np.maximum),
        low=over(parts.low, np.minimum),
        close=parts.close[size - 1 :: size],
        volume=over(parts.volume, np.add),
        quote_volume=over(parts.quote_volume, np.add),
        taker_buy_volume=over(parts.taker_buy_volume, np.add),
        taker_buy_quote_volume=over(parts.taker_buy_quote_volume, np.add),
        trades=total(parts.trades),
    )


QUARTERS = rolled_up(MINUTES, 15)


def test_parts_that_add_up() -> None:
    assert rollup_differences(MINUTES, M1, QUARTERS, M15) == ()
    assert rollup_differences(MINUTES, M1, rolled_up(MINUTES, 60), H1) == ()


@given(st.sampled_from(ALTERABLE), st.integers(0, 39))
def test_any_other_value_is_found(field: str, row: int) -> None:
    column = getattr(QUARTERS, field).copy()
    column[row] += 1
    (found,) = rollup_differences(MINUTES, M1, replace(QUARTERS, **{field: column}), M15)
    assert (found.open_time, found.field) == (int(QUARTERS.open_time[row]), field)
    assert found.stored == pytest.approx(found.rolled_up + 1)
    assert str(found).startswith(f"{field} is ")


@given(st.sets(st.integers(0, 599), min_size=1, max_size=40))
def test_only_candles_with_all_their_parts_are_checked(absent: set[int]) -> None:
    wrong = replace(QUARTERS, high=QUARTERS.high + 1)
    parts = take(MINUTES, np.delete(np.arange(600), sorted(absent)))
    found = rollup_differences(parts, M1, wrong, M15)
    whole = set(range(40)) - {place // 15 for place in absent}
    assert [difference.open_time for difference in found] == [START + row * 15 * MINUTE for row in sorted(whole)]


def test_differences_come_by_open_time() -> None:
    wrong = replace(QUARTERS, high=QUARTERS.high + 1, volume=QUARTERS.volume + 1)
    found = rollup_differences(MINUTES, M1, wrong, M15)
    assert [(d.open_time, d.field) for d in found[:3]] == [
        (START, "high"),
        (START, "volume"),
        (START + 15 * MINUTE, "high"),
    ]
    assert len(found) == 80


def test_sums_of_floats_may_be_apart_by_a_billionth() -> None:
    assert rollup_differences(MINUTES, M1, replace(QUARTERS, volume=QUARTERS.volume * (1 + 5e-10)), M15) == ()
    found = rollup_differences(MINUTES, M1, replace(QUARTERS, volume=QUARTERS.volume * (1 + 2e-9)), M15)
    assert len(found) == 40


def test_what_a_source_does_not_state_is_not_compared() -> None:
    lacking, unknown = MINUTES.quote_volume.copy(), MINUTES.trades.copy()
    lacking[7], unknown[7] = np.nan, -1
    wrong = replace(QUARTERS, quote_volume=QUARTERS.quote_volume + 1, trades=QUARTERS.trades + 1)
    found = rollup_differences(replace(MINUTES, quote_volume=lacking, trades=unknown), M1, wrong, M15)
    assert not [difference for difference in found if difference.open_time == START]
    assert len(found) == 78
    silent = replace(wrong, quote_volume=np.full(40, np.nan), trades=np.full(40, -1))
    assert rollup_differences(MINUTES, M1, silent, M15) == ()


def test_nothing_to_compare() -> None:
    assert rollup_differences(empty_table(), M1, QUARTERS, M15) == ()
    assert rollup_differences(MINUTES, M1, empty_table(), M15) == ()


def test_weeks_and_months_are_made_of_days() -> None:
    monday = 19_723 * DAY  # 2024-01-01
    days = counted(walk(91, seed=32, interval="1d", start=monday))
    assert rollup_differences(days, D1, rolled_up(days, 7), W1) == ()
    lengths = np.cumsum([0, 31, 29, 31])
    months = [rolled_up(take(days, slice(low, high)), high - low) for low, high in pairwise(lengths)]
    for month in months:
        assert rollup_differences(days, D1, month, MONTH) == ()
        assert len(rollup_differences(days, D1, replace(month, close=month.close + 1), MONTH)) == 1


@pytest.mark.parametrize(
    ("part", "whole"),
    [("1s", "1m"), ("1m", "1h"), ("15m", "1h"), ("1h", "3d"), ("1d", "3d"), ("1d", "1w"), ("1d", "1M"), ("8h", "1d")],
)
def test_what_divides(part: str, whole: str) -> None:
    assert divides(INTERVALS[part], INTERVALS[whole])
    assert not divides(INTERVALS[whole], INTERVALS[part])


@pytest.mark.parametrize(
    ("part", "whole"),
    [("1w", "1M"), ("3d", "1M"), ("3d", "1w"), ("1M", "1M"), ("1h", "1h"), ("8h", "12h"), ("2h", "3m")],
)
def test_what_does_not_divide(part: str, whole: str) -> None:
    assert not divides(INTERVALS[part], INTERVALS[whole])


@pytest.mark.parametrize("part", sorted(INTERVALS))
@pytest.mark.parametrize("whole", sorted(INTERVALS))
def test_dividing_means_that_grids_meet(part: str, whole: str) -> None:
    short, long = INTERVALS[part], INTERVALS[whole]
    opens = [long.open_at(long.index(START) + i) for i in range(1, 30)]
    meet = all(short.is_open_time(open_time) for open_time in opens)
    assert divides(short, long) == (meet and part != whole and short.step < long.step)


def test_recorded_hours_are_sixty_recorded_minutes(shared_data: Path) -> None:
    """verify agrees: 1h equals sixty 1m in every full hour."""
    _, minutes = recorded(shared_data, "spot_BTCUSDT-1m-2023-03-23_25_ohlcv_with_outage")
    _, hours = recorded(shared_data, "spot_BTCUSDT-1h-2023-01_2023-05_with_outage")
    full = between(hours, int(minutes.open_time[0]), int(minutes.open_time[-1]))
    assert rollup_differences(minutes, M1, hours, H1) == ()
    # 12:00 was cut short after 40 minutes and 13:00 does not exist: all other hours are compared.
    high = rollup_differences(minutes, M1, replace(hours, high=hours.high + 1), H1)
    outage = 1_679_659_200_000  # 2023-03-24 12:00
    assert {d.open_time for d in high} == set(full.open_time.tolist()) - {outage}
    assert outage + HOUR not in full.open_time


def flat_first(size: int) -> CandleTable:
    """`MINUTES` whose every `size`-th candle, from the first on, has no trades and is flat at another price."""
    quiet = np.arange(len(MINUTES)) % size == 0
    columns = {name: np.where(quiet, 1.0, getattr(MINUTES, name)) for name in ("open", "high", "low", "close")}
    return replace(MINUTES, **columns, volume=np.where(quiet, 0.0, MINUTES.volume))


def test_parts_without_trades_have_no_say_in_prices() -> None:
    parts = flat_first(15)
    traded = rolled_up(replace(parts, low=np.where(parts.volume > 0, parts.low, np.inf)), 15)
    whole = replace(traded, open=parts.open[1::15])
    assert rollup_differences(parts, M1, whole, M15) == ()
    wrong = rollup_differences(parts, M1, replace(whole, open=parts.open[::15]), M15)
    assert {difference.field for difference in wrong} == {"open"}


def test_parts_without_any_trades_are_as_flat_as_the_whole() -> None:
    parts = replace(flat_first(1), trades=np.zeros(len(MINUTES), np.int64))
    assert rollup_differences(parts, M1, rolled_up(parts, 15), M15) == ()
