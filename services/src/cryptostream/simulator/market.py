"""What the exchange's front needs of a market, be it made up or recorded. Values and one protocol; no I/O."""

from typing import NamedTuple, Protocol

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.events import Events
from cryptostream.simulator.row import Row


class Line(NamedTuple):
    """Candles of `symbol` over `interval`, with days that begin `zone` ms before midnight UTC."""

    symbol: str
    interval: str
    zone: Millis = 0


class View(NamedTuple):
    """The market as it stands at `now` (ms of the exchange), with all that has happened to it."""

    now: Millis
    events: Events = Events()


class Traded(msgspec.Struct, frozen=True):
    """A symbol that is traded; the smallest steps of price and size are powers of ten."""

    name: str
    coin: str
    quote: str
    price_decimals: int
    lot_decimals: int


class Market(Protocol):
    """Candles by open time. Safe to use from several threads."""

    @property
    def symbols(self) -> tuple[Traded, ...]:
        """What is traded, in the order of exchangeInfo."""

    def rows(self, line: Line, start: Millis | None, end: Millis | None, limit: int, view: View) -> list[Row]:
        """Ascending candles with open time in [start, end]: the oldest `limit` if `start` is given, else the newest.
        The last one may still be in progress.
        """

    def closed(self, line: Line, after: Millis, until: Millis, limit: int, view: View) -> list[tuple[Millis, Row]]:
        """The oldest `limit` candles whose scheduled end lies in (after, until], each with that end."""

    def running(self, line: Line, view: View) -> Row | None:
        """The candle in progress, unless nothing has been traded in it."""
