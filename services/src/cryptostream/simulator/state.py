"""All that the exchange's behaviour depends on at one moment, as one value. Pure."""

from typing import NamedTuple

from cryptostream.simulator.faults import Faults
from cryptostream.simulator.limits import Limits
from cryptostream.simulator.market import Market, View


class State(NamedTuple):
    """The exchange as it stands; `now` is in µs of its own clock, `view` the market at that time."""

    market: Market
    faults: Faults
    limits: Limits
    seed: int
    now: int
    view: View

    def symbols(self) -> frozenset[str]:
        """The names of what is traded."""
        return frozenset(one.name for one in self.market.symbols).difference(self.faults.delisted)


def state_at(now: int, market: Market, faults: Faults, limits: Limits, seed: int) -> State:
    """The exchange as it stands at `now` (µs)."""
    return State(market, faults, limits, seed, now, View(now // 1000, faults.events))
