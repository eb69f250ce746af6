"""Where a stream's InfluxDB is, and how it is spoken to. Values only; the token is in a file, never here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptostream.core.market.series import EXCHANGE, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxSettings:
    """`symbol_of` knows the coin of each symbol that is written. Seconds are those of the wall.

    `deadline` is how long a write may take: it has to end before others may think that its writer is gone. A read
    may take `patience`. `points` are in one request at most. After a request that nobody answered, InfluxDB has
    `settle` to finish it.
    """

    url: str
    org: str
    token_file: Path
    ca_file: Path | None
    raw_bucket: str
    enriched_bucket: str
    stream: str
    symbol_of: Callable[[str], Symbol]
    simulated: bool
    exchange: str = EXCHANGE
    deadline: float = 3.0
    patience: float = 30.0
    points: int = 4_096
    settle: float = 1.0
