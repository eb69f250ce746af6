"""The candle in its stages RAW, VALIDATED, ENRICHED, and tables of many of them. Pure.

RAW is `CandleRecord`, as published on the log; `Candle` is what it is made from, as the exchange
stated it. Decimals keep the exchange's exact strings until VALIDATED, where they become the floats
that a store takes.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series

Lane = Literal["live", "repair", "history"]
"""How a candle came to be published."""
Source = Literal["websocket", "rest", "archive"]
"""Where its values come from."""

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What columns and stores can hold: a decoder refuses larger integers."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """One closed candle as the exchange stated it.

    Identified by (symbol, interval, open_time). `close_time` may be earlier than scheduled, when the
    exchange stopped within the candle. What the source does not state is None, never 0.
    """

    symbol: str
    interval: str
    open_time: Millis
    close_time: Millis
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str | None = None
    trades: int | None = None
    taker_buy_volume: str | None = None
    taker_buy_quote_volume: str | None = None
    first_trade_id: int | None = None
    last_trade_id: int | None = None
    source: Source
    exchange_time: Millis

    @property
    def series(self) -> Series:
        return Series(self.symbol, self.interval)


class CandleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """RAW: one candle as published, field for field the JSON of the log (schema 1).

    `revision` is 0 for the first publication and one more for each restatement by the exchange;
    `published_at` is in microseconds.
    """

    schema: int = 1
    exchange: str
    symbol: str
    coin: str
    quote: str
    interval: str
    open_time: Int64
    close_time: Int64
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str | None
    trades: Int64 | None
    taker_buy_volume: str | None
    taker_buy_quote_volume: str | None
    first_trade_id: Int64 | None
    last_trade_id: Int64 | None
    lane: Lane
    revision: Int64
    source: Source
    exchange_time: Int64
    published_at: Int64
    simulated: bool

    @property
    def series(self) -> Series:
        return Series(self.symbol, self.interval)


class ValidatedCandle(msgspec.Struct, frozen=True):
    """VALIDATED: a record that passed all checks, with its decimals as floats (None where absent).

    `flagged` marks an aberrant move that the stream's policy keeps.
    """

    record: CandleRecord
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float | None
    taker_buy_volume: float | None
    taker_buy_quote_volume: float | None
    flagged: bool


@dataclass(frozen=True, slots=True, eq=False)
class CandleTable:
    """Stored candles of one series as columns of equal length n, ascending and unique by `open_time`.

    NaN stands for an absent float and -1 for an absent integer. No column is ever written to.
    """

    open_time: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    quote_volume: Floats
    taker_buy_volume: Floats
    taker_buy_quote_volume: Floats
    trades: Ints
    close_time: Ints
    first_trade_id: Ints
    last_trade_id: Ints
    revision: Ints

    def __len__(self) -> int:
        return len(self.open_time)


@dataclass(frozen=True, slots=True, eq=False)
class EnrichedTable:
    """ENRICHED: indicator rows of one series, columns of length n, ascending by `open_time`.

    `values` maps stored field names to columns; NaN is an undefined value (an omitted field).
    `warm` and `gap_in_window` are as in `core.indicators.window`; `hour` is 0-23 and `weekday`
    0 (Monday) to 6, both of the open time in UTC.
    """

    series: Series
    open_time: Ints
    revision: Ints
    values: dict[str, Floats]
    warm: Bools
    gap_in_window: Bools
    hour: Ints
    weekday: Ints

    def __len__(self) -> int:
        return len(self.open_time)


class Persisted(msgspec.Struct, frozen=True, order=True):
    """PERSISTED: the identity of a candle that a store has acknowledged."""

    stream: str
    symbol: str
    interval: str
    open_time: Millis
    revision: int
