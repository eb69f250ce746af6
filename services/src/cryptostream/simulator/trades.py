"""The trades of one day of a made-up market, and candles as folds over them. Pure.

Every candle of every interval is a fold of the same trades: that is why they agree to the last unit.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.events import NOTHING, SymbolEvents
from cryptostream.simulator.grid import DAY, MINUTE
from cryptostream.simulator.hashing import key_of, many_bits
from cryptostream.simulator.listing import Ints, Listing, Walk

_MINUTES = DAY // MINUTE
_STEP = 4_000
"""A trade moves the price by at most one part in so many; a day of them makes two or three percent."""


class Bar(NamedTuple):
    """A fold of one or more trades: prices in ticks, sizes in lots, values in ticks times lots."""

    open: int
    high: int
    low: int
    close: int
    volume: int
    value: int
    taker_volume: int
    taker_value: int
    trades: int


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """The n trades of a day: `times` (ms since its midnight, ascending) and `prices` (ticks) of shape (n,), and
    sums of what came before each, of shape (n + 1,): lots, value, and both for trades whose taker bought.
    """

    times: Ints
    prices: Ints
    volume: Ints
    value: Ints
    taker_volume: Ints
    taker_value: Ints


def day_of(seed: int, listing: Listing, walk: Walk, day: int, events: SymbolEvents = NOTHING) -> Day:
    """Day number `day` since the listing, with `events` applied to its trades."""
    draws = many_bits(key_of(seed, listing.name, day), int(walk.before[day + 1] - walk.before[day]))
    minutes = many_bits(key_of(seed, listing.name, day, "minutes"), _MINUTES)
    times = _times(draws, _per_minute(minutes, listing.quiet, len(draws)))
    if day == 0:
        times[0] = 0  # a market begins with a trade, so that no candle stands without a price before it
    prices, lots = _prices(draws, walk, day), _lots(draws, listing)
    start = listing.listed + day * DAY
    for change in events.restated:
        hit = (times >= change.start - start) & (times < change.end - start)
        hit &= np.arange(len(times)) % change.every == 0
        lots[hit] *= 2
    kept = np.ones(len(times), dtype=np.bool_)
    for dark, light in events.dark:
        kept &= (times < dark - start) | (times >= light - start)
    return _summed(times[kept], prices[kept], lots[kept], _taker_bought(draws)[kept])


def whole_day(seed: int, listing: Listing, walk: Walk, day: int) -> Bar:
    """`fold` of an undisturbed day without placing its trades in time, for charts of many days."""
    draws = many_bits(key_of(seed, listing.name, day), int(walk.before[day + 1] - walk.before[day]))
    prices, lots = _prices(draws, walk, day), _lots(draws, listing)
    values, bought = prices * lots, _taker_bought(draws)
    sums = (lots.sum(), values.sum(), lots[bought].sum(), values[bought].sum())
    return Bar(*map(int, (prices[0], prices.max(), prices.min(), prices[-1], *sums, len(prices))))


def fold(day: Day, start: Millis, end: Millis) -> Bar | None:
    """The candle of the trades in [start, end), ms since midnight; None if there are none."""
    first, last = (int(i) for i in day.times.searchsorted((start, end)))
    if first == last:
        return None
    prices = day.prices[first:last]
    ends = (prices[0], prices.max(), prices.min(), prices[-1])
    sums = (total[last] - total[first] for total in (day.volume, day.value, day.taker_volume, day.taker_value))
    return Bar(*map(int, (*ends, *sums, last - first)))


def merge(bars: list[Bar]) -> Bar | None:
    """The candle over neighbouring candles, in order of time; None if there are none."""
    if not bars:
        return None
    sums = (sum(bar[place] for bar in bars) for place in range(4, 9))
    return Bar(bars[0].open, max(b.high for b in bars), min(b.low for b in bars), bars[-1].close, *sums)


def _prices(draws: NDArray[np.uint64], walk: Walk, day: int) -> Ints:
    """A random walk bridged from the day's first price to its last, which the last trade has."""
    start, end = int(walk.closes[day]), int(walk.closes[day + 1])
    largest = max(1, start // _STEP)
    steps = ((draws & np.uint64(0xFFFF)) * np.uint64(2 * largest + 1) >> np.uint64(16)).astype(np.int64) - largest
    path: Ints = np.cumsum(steps)
    count = len(path)
    path += (end - start - int(path[-1])) * np.arange(1, count + 1) // count
    path += start
    np.maximum(path, 1, out=path)
    return path


def _lots(draws: NDArray[np.uint64], listing: Listing) -> Ints:
    """Many small trades and few large ones: a product of two uniforms, with mean `typical_lots`."""
    one = draws >> np.uint64(16) & np.uint64(0xFFFF)
    other = draws >> np.uint64(32) & np.uint64(0xFFFF)
    one *= other
    one >>= np.uint64(16)
    one *= np.uint64(4 * listing.typical_lots)
    one >>= np.uint64(16)
    return one.astype(np.int64) + 1


def _taker_bought(draws: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return (draws >> np.uint64(48) & np.uint64(1)).astype(np.bool_)


def _per_minute(draws: NDArray[np.uint64], quiet: int, trades: int) -> Ints:
    """How many of `trades` fall into each minute: busy and quiet ones, exact in sum."""
    one = (draws & np.uint64(0xFF)).astype(np.int64)
    weights = 64 + one * (draws >> np.uint64(8) & np.uint64(0xFF)).astype(np.int64)
    weights[(draws >> np.uint64(56)).astype(np.int64) < quiet] = 0
    weights[0] += 1  # never all zero
    shares = np.cumsum(weights)
    counts: Ints = np.diff(trades * shares // shares[-1], prepend=0)
    return counts


def _times(draws: NDArray[np.uint64], per_minute: Ints) -> Ints:
    """Ascending times in ms of the day. Trades come in pairs, as one order meets two others."""
    index = np.arange(len(draws))
    first = np.repeat(np.cumsum(per_minute) - per_minute, per_minute)
    second_of_pair = (index - first) & 1
    lead = index - second_of_pair
    jitter = (draws[lead] >> np.uint64(49)).astype(np.int64)  # 15 bits
    slots = ((lead - first) << 15) + 2 * jitter
    offsets = slots * MINUTE // (np.repeat(per_minute, per_minute) << 15)
    return np.repeat(np.arange(_MINUTES) * MINUTE, per_minute) + np.minimum(offsets, MINUTE - 1)


def _summed(times: Ints, prices: Ints, lots: Ints, bought: NDArray[np.bool_]) -> Day:
    values = prices * lots
    return Day(times, prices, _before(lots), _before(values), _before(lots * bought), _before(values * bought))


def _before(amounts: Ints) -> Ints:
    sums = np.zeros(len(amounts) + 1, dtype=np.int64)
    np.cumsum(amounts, out=sums[1:])
    return sums
