"""All that the exchange's behaviour depends on at one moment, as one value. Pure."""

from typing import NamedTuple

from cryptostream.simulator.faults import Faults
from cryptostream.simulator.limits import Limits
from cryptostream.simulator.market import Market, View


class State(NamedTuple):
    """The exchange as it stands; `now` is in µs of its own clock."""

    market: Market
    faults: Faults
    limits: Limits
    seed: int
    now: int

    @property
    def view(self) -> View:
        """The market as it stands now."""
        return View(self.now // 1000, self.faults.events)

    @property
    def symbols(self) -> frozenset[str]:
        """The names of what is traded."""
        return frozenset(one.name for one in self.market.symbols) - set(self.faults.delisted)
