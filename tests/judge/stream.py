"""What the judge is told of a stream: its name, its series, and what was declared for it. Frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Series(NamedTuple):
    symbol: str
    interval: str

    def __str__(self) -> str:
        return f"{self.symbol} {self.interval}"


@dataclass(frozen=True, slots=True)
class Declared:
    """An indicator as the user declared it; `window` is its W in candles, as docs/indicators.md has it."""

    name: str
    function: str
    params: Mapping[str, int | float | str]
    window: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream `name` (`<namespace>.<name>`) of `symbols` (name → coin and quote), complete from `start` (ms) on."""

    name: str
    symbols: Mapping[str, tuple[str, str]]
    intervals: tuple[str, ...]
    start: int
    indicators: tuple[Declared, ...] = ()
    partitions: int = 6
    simulated: bool = True
    exchange: str = "binance"
    raw_bucket: str = "marketdata_raw"
    enriched_bucket: str = "marketdata_enriched"

    @property
    def ledger_topic(self) -> str:
        return f"{self.name}.ledger"

    @property
    def dead_letter_topic(self) -> str:
        return f"{self.name}.dead-letter"

    @property
    def series(self) -> tuple[Series, ...]:
        return tuple(Series(symbol, interval) for symbol in self.symbols for interval in self.intervals)

    @property
    def prices(self) -> Mapping[str, str]:
        """Topic → interval."""
        return {f"{self.name}.prices-{interval}": interval for interval in self.intervals}

    def tags(self, series: Series) -> dict[str, str]:
        """The tags of every point of a series."""
        return {
            "stream": self.name,
            "exchange": self.exchange,
            "coin": self.symbols[series.symbol][0],
            "symbol": series.symbol,
            "interval": series.interval,
        }
