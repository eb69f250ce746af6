"""The exchange and its clock, as the shells need them. Protocols and values; no I/O."""

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

import msgspec

from cryptostream.core.market.candle import Candle
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.result import Result


class Clock(Protocol):
    """Time as an argument. A virtual clock may run faster than the wall's."""

    def now(self) -> Millis:
        """Milliseconds since the epoch by this clock."""

    def now_micros(self) -> int:
        """Microseconds since the epoch by this clock."""

    def real_seconds(self, millis: Millis) -> float:
        """How long to wait in wall-clock seconds for `millis` of this clock to pass."""


ExchangeFault = Literal["rate_limited", "banned", "blocked", "unavailable", "refused"]


class ExchangeError(msgspec.Struct, frozen=True):
    """Why the exchange gave no answer. `retry_at` is in ms of the exchange's clock, None if unknown.

    rate_limited: 429; banned: 418; blocked: 451 or 403 on every endpoint; unavailable: time-out, 5xx,
    no connection; refused: 400, and asking again will not help.
    """

    fault: ExchangeFault
    detail: str
    retry_at: Millis | None = None


class SymbolInfo(msgspec.Struct, frozen=True):
    """What the exchange says of a market; `status` is its own word (`TRADING`, `HALT`, `BREAK`…)."""

    name: str
    coin: str
    quote: str
    status: str


class KlinePage(msgspec.Struct, frozen=True):
    """One answer of the klines call.

    `closed` ascends by open time and holds only candles whose scheduled close lies before
    `exchange_time`; `in_progress` is the open time of the candle still running, if it was in the answer.
    `rejected` holds (reason, raw row as text) for rows that are no candle.
    """

    closed: tuple[Candle, ...]
    in_progress: Millis | None
    exchange_time: Millis
    rejected: tuple[tuple[str, str], ...] = ()


class Exchange(Protocol):
    """Questions to the exchange. Safe to call from several threads."""

    def clock_offset(self) -> Result[Millis, ExchangeError]:
        """Exchange time minus the local clock, in ms."""

    def symbols(self, names: Iterable[str]) -> Result[Mapping[str, SymbolInfo], ExchangeError]:
        """What is known of each of `names`; unknown ones are left out."""

    def klines(self, series: Series, start: Millis, limit: int) -> Result[KlinePage, ExchangeError]:
        """The oldest `limit` (1 to 1000) candles of `series` with open time ≥ `start`."""


class FeedCandle(msgspec.Struct, frozen=True):
    """A closed candle arrived by WebSocket."""

    candle: Candle


class FeedSeam(msgspec.Struct, frozen=True):
    """From `at` on these series flow (again): what closed before may have been missed."""

    series: frozenset[Series]
    at: Millis


class FeedReject(msgspec.Struct, frozen=True):
    """A frame that is no candle: reason and the frame as text."""

    reason: str
    frame: str


FeedEvent = FeedCandle | FeedSeam | FeedReject


class LiveFeed(Protocol):
    """Closed candles as they happen. Events go to the callback given at construction, from one thread."""

    def subscribe(self, series: frozenset[Series]) -> None:
        """Make the set of series exactly this one, as a difference, without disturbing the others."""

    def resubscribe(self, series: Series) -> None:
        """Subscribe a series that has gone quiet anew."""

    def close(self) -> None:
        """End all connections and threads."""
