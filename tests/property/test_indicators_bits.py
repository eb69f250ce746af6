from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptostream.core.indicators.catalogue import Indicator, functions
from cryptostream.core.indicators.enrich import enrich, needed_from, needed_from_longer
from cryptostream.core.market.candle import CandleTable, EnrichedTable
from cryptostream.core.market.interval import HOUR, INTERVALS, MINUTE
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import between, take
from cryptostream.core.resource.spec import IndicatorSpec
from tests.unit.indicators.support import START, carried, compiled, declared, walk

SERIES = Series("BTCUSDC", "1m")
GRID = INTERVALS["1m"]
MINUTES, HOURS = 900, 500
OPTIONAL = ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")

CHOICES: tuple[IndicatorSpec, ...] = (
    declared("sma", "SMA", timeperiod=20),
    declared("one", "SMA", timeperiod=1),
    declared("ema", "EMA", timeperiod=20),
    declared("rsi", "RSI"),
    declared("macd", "MACD"),
    declared("bb", "BBANDS"),
    declared("atr", "ATR", timeperiod=5),
    declared("stddev", "STDDEV"),
    declared("stoch", "STOCH"),
    declared("medprice", "MEDPRICE"),
    declared("trange", "TRANGE"),
    declared("correl", "CORREL", input0="close", input1="volume"),
    declared("vwap", "VWAP", timeperiod=7),
    declared("volatility", "REALISED_VOLATILITY"),
    declared("zscore", "ZSCORE", timeperiod=33),
    declared("quoted", "EMA", timeperiod=9, input="quote_volume"),
    declared("doji", "CDLDOJI"),
    declared("fractal", "FRACTAL"),
    carried("hourly", "EMA", "1h", timeperiod=10),
    carried("hours", "BBANDS", "1h"),
    carried("hourvwap", "VWAP", "1h"),
)


@dataclass(frozen=True)
class World:
    """What is stored, and what is declared."""

    minutes: CandleTable
    hours: CandleTable
    indicators: tuple[Indicator, ...]
    listing: int | None


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Random walks with holes, with values left out, with and without a known listing."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    hours = _holed(walk(HOURS, seed, "1h", start=START - (HOURS - 15) * HOUR), rng)
    minutes = _holed(walk(MINUTES, seed + 1), rng)
    chosen = draw(st.lists(st.sampled_from(CHOICES), min_size=1, max_size=5, unique_by=lambda spec: spec.name))
    listing = draw(st.sampled_from([None, START, START - 400 * HOUR]))
    return World(minutes, hours, compiled(*chosen), listing)


def _holed(candles: CandleTable, rng: np.random.Generator) -> CandleTable:
    """Some candles absent, one by one and in a run; some without a quote volume."""
    kept = rng.random(len(candles)) > rng.choice([0, 0.01, 0.3])
    run = int(rng.integers(1, len(candles)))
    kept[run : run + int(rng.integers(0, 80))] = False
    kept[0] = True
    lacking = np.where(rng.random(len(candles)) < rng.choice([0, 0.05]), np.nan, candles.quote_volume)
    return take(replace(candles, quote_volume=lacking), np.flatnonzero(kept))


def compute(world: World, start: int, end: int, *, live: bool) -> EnrichedTable:
    """The rows of [start, end); `live` from as little as has to be read, and nothing that closes later."""
    minutes, hours = world.minutes, {"1h": world.hours}
    if live:
        minutes = between(minutes, needed_from(world.indicators, GRID, start), end)
        froms = needed_from_longer(world.indicators, GRID, start)
        hours = {"1h": between(world.hours, froms["1h"], end - HOUR + 1)} if froms else {}
    return enrich(
        minutes,
        series=SERIES,
        indicators=world.indicators,
        start=start,
        end=end,
        first_open=int(world.minutes.open_time[0]),
        listing=world.listing,
        longer=hours,
        longer_first={"1h": int(world.hours.open_time[0])},
    )


def bits(table: EnrichedTable) -> dict[str, bytes]:
    """Every column as bytes; all NaN are alike."""
    columns = {**table.values, "warm": table.warm, "gap": table.gap_in_window, "revision": table.revision}
    times = {"open_time": table.open_time, "hour": table.hour, "weekday": table.weekday}
    return {
        name: np.where(column != column, np.nan, column).tobytes() if column.dtype == float else column.tobytes()  # noqa: PLR0124 - true for NaN only
        for name, column in {**columns, **times}.items()
    }


def together(parts: list[EnrichedTable]) -> dict[str, bytes]:
    each = [bits(part) for part in parts]
    return {name: b"".join(part[name] for part in each) for name in each[0]}


def batches(cuts: set[int]) -> Iterator[tuple[int, int]]:
    edges = [0, *sorted(cuts), MINUTES]
    for low, high in pairwise(edges):
        yield START + low * MINUTE, START + high * MINUTE


@given(worlds(), st.sets(st.integers(1, MINUTES - 1), max_size=12))
def test_any_batching_gives_the_same_bits(world: World, cuts: set[int]) -> None:
    """… enriched values are bit-identical however the input was batched and wherever the process was restarted."""
    whole = compute(world, START, START + MINUTES * MINUTE, live=False)
    parts = [compute(world, start, end, live=True) for start, end in batches(cuts)]
    assert together(parts) == bits(whole)


@given(worlds(), st.integers(0, MINUTES - 60))
def test_one_by_one_gives_the_same_bits(world: World, restart: int) -> None:
    """… enriched values are bit-identical however the input was batched and wherever the process was restarted."""
    times = [START + (restart + i) * MINUTE for i in range(61)]
    whole = compute(world, times[0], times[-1], live=False)
    parts = [compute(world, start, end, live=True) for start, end in pairwise(times)]
    assert together(parts) == bits(whole)


@settings(max_examples=300)
@given(st.sampled_from(sorted(functions())), st.integers(0, 2**32 - 1), st.integers(1, MINUTES - 1))
def test_every_function_gives_the_same_bits_before_and_after_a_restart(name: str, seed: int, cut: int) -> None:
    """… enriched values are bit-identical however the input was batched and wherever the process was restarted."""
    world = World(walk(MINUTES, seed), walk(1, 1, "1h"), compiled(declared("x", name)), None)
    whole = compute(world, START, START + MINUTES * MINUTE, live=False)
    one_more = (cut, min(cut + 1, MINUTES - 1))
    parts = [compute(world, start, end, live=True) for start, end in batches(set(one_more))]
    assert together(parts) == bits(whole)


@given(worlds(), st.integers(0, MINUTES - 1))
def test_the_rule(world: World, place: int) -> None:
    """The value at grid index i is that of one call over the stored candles with index in [anchor - W, i]."""
    open_time = int(world.minutes.open_time[place % len(world.minutes)])
    rows = compute(world, open_time, open_time + 1, live=False)
    for indicator in world.indicators:
        grid, candles = (GRID, world.minutes) if indicator.with_interval is None else (INTERVALS["1h"], world.hours)
        at = grid.index(open_time + MINUTE) - 1
        anchor = at // indicator.window * indicator.window
        stated = ~np.any([np.isnan(getattr(candles, column)) for column in indicator.columns], axis=0)
        indices = grid.indices(candles.open_time)
        called = np.flatnonzero(stated & (indices >= anchor - indicator.window) & (indices <= at))
        present = len(called) > 0 and indices[called[-1]] == at
        inputs = [getattr(candles, column)[called] for column in indicator.columns]
        answer = indicator.kernel(inputs, 1) if present else ([np.nan],) * len(indicator.fields)
        for field, values in zip(indicator.fields, answer, strict=True):
            np.testing.assert_array_equal(rows.values[field], values)
