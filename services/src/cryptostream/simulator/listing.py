"""The markets that are made up: what is traded, in which steps, and the course of its days. Pure.

A day's closing price and number of trades are drawn top-down, so that any day is known without the days
before it being made: the walk of 10,000 days costs a millisecond.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.grid import DAY
from cryptostream.simulator.hashing import key_of, many_bits

HORIZON = 10_000
"""Days from the listing on that a market exists for."""

LISTED: Millis = 1_735_689_600_000  # 2025-01-01T00:00:00Z

Ints = NDArray[np.int64]


class Listing(msgspec.Struct, frozen=True):
    """One market. A tick is 10 ** -price_decimals of the quote asset, a lot 10 ** -lot_decimals of the coin, and
    the two exponents add up to 8 at most, so that every sum is exact in units of 1e-8.

    `price` (ticks) is where it starts; `typical_lots` is the mean size of a trade; `quiet` of 256 minutes have no
    trade; `listed` (ms) is the midnight it begins at.
    """

    coin: str
    quote: str
    price_decimals: int
    lot_decimals: int
    price: int
    typical_lots: int
    trades_per_day: int = 30_000
    quiet: int = 0
    listed: Millis = LISTED

    def __post_init__(self) -> None:
        if self.price_decimals + self.lot_decimals > 8:
            raise ValueError(f"{self.name}: price_decimals + lot_decimals must be 8 at most, for exact sums")
        if self.listed % DAY:
            raise ValueError(f"{self.name}: listed must be a midnight UTC in ms, not {self.listed}")

    @property
    def name(self) -> str:
        return self.coin + self.quote


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """The course of a market by day. `closes[d]` is the price in ticks at the beginning of day d (and so
    `closes[d + 1]` at its end), `before[d]` the number of trades before it; both of length HORIZON + 1.
    """

    closes: Ints
    before: Ints


def walk_of(seed: int, listing: Listing) -> Walk:
    """A random walk folded between 0.6 and 1.7 times the first price, and 75 to 125 % of the usual trades a day."""
    draws = many_bits(key_of(seed, listing.name, "days"), HORIZON)
    low, high = listing.price * 6 // 10, listing.price * 17 // 10
    largest = max(2, listing.price * 4 // 100)
    steps = (draws & np.uint64(0xFFFFFFFF)).astype(np.int64) * (2 * largest + 1) // 2**32 - largest
    place = (np.cumsum(steps) + listing.price - low) % (2 * (high - low))
    closes = low + np.minimum(place, 2 * (high - low) - place)
    trades = listing.trades_per_day * (75 + (draws >> np.uint64(32)).astype(np.int64) * 51 // 2**32) // 100
    return Walk(_after(listing.price, closes), _after(0, np.cumsum(np.maximum(1, trades))))


def _after(first: int, rest: Ints) -> Ints:
    return np.concatenate((np.array([first], dtype=np.int64), rest))


_COINS = (
    # coin, decimals of price and lot, first price, typical lots, trades a day, quiet minutes of 256
    ("BTC", 2, 5, 9_435_000, 900, 40_000, 0),
    ("ETH", 2, 4, 333_700, 2_500, 36_000, 0),
    ("XRP", 4, 1, 20_800, 3_000, 30_000, 2),
    ("SOL", 2, 3, 18_950, 4_000, 30_000, 2),
    ("BNB", 2, 3, 70_150, 900, 24_000, 4),
    ("ADA", 4, 1, 8_450, 4_000, 20_000, 12),
    ("DOGE", 5, 0, 31_580, 900, 24_000, 8),
    ("LTC", 2, 3, 10_310, 2_000, 16_000, 24),
)

LISTINGS = tuple(Listing(coin, quote, *rest) for quote in ("USDC", "USDT") for coin, *rest in _COINS)
"""Eight coins against USDC and USDT."""
