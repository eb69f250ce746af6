"""A small market, and arithmetic on rows that owes nothing to the code under test."""

from decimal import Decimal
from typing import Any

from cryptostream.simulator.faults import Faults
from cryptostream.simulator.grid import DAY
from cryptostream.simulator.limits import Limits
from cryptostream.simulator.listing import LISTED, Listing
from cryptostream.simulator.made_up import MadeUpMarket
from cryptostream.simulator.row import Row
from cryptostream.simulator.state import State, state_at

BUSY = Listing("BTC", "USDC", 2, 5, 9_435_000, 900, trades_per_day=4_000)
QUIET = Listing("LTC", "USDC", 2, 3, 10_310, 2_000, trades_per_day=300, quiet=64)
NOW = LISTED + 60 * DAY + 12_345_678
"""A moment two months after the listing, in the middle of everything."""

MARKET = MadeUpMarket(7, (BUSY, QUIET))


def state(now: int = NOW, **faults: Any) -> State:
    return state_at(now * 1000 + 123, MARKET, Faults(**faults), Limits(), 7)


def sums(rows: list[Row]) -> tuple[Decimal, ...]:
    """What adds up: volume, quote volume, both of takers, trades."""
    columns = (
        [row.volume for row in rows],
        [row.quote_volume for row in rows],
        [row.taker_buy_volume for row in rows],
        [row.taker_buy_quote_volume for row in rows],
        [row.trades for row in rows],
    )
    return tuple(sum((Decimal(value or 0) for value in column), Decimal(0)) for column in columns)


def shape(rows: list[Row]) -> tuple[str, str, str, str]:
    """Open, high, low and close of the rows that have trades."""
    traded = [row for row in rows if row.trades]
    high = max((row.high for row in traded), key=Decimal)
    low = min((row.low for row in traded), key=Decimal)
    return traded[0].open, high, low, traded[-1].close
