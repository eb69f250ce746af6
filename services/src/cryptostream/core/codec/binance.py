"""Klines of Binance: JSON of REST, frames of WebSocket and lines of the archive → candles. Pure.

Shapes by binance-spot-api-docs (`rest-api.md`, `web-socket-streams.md`) and binance-public-data. Times are
milliseconds or microseconds and told apart by magnitude; decimals stay the exchange's exact strings; what a
source does not state is None. Whether a candle makes sense is decided later, in `core.stream.validation`.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET

from cryptostream.core.codec.versioned import UNREADABLE
from cryptostream.core.market.candle import Candle, Int64, Source
from cryptostream.core.market.interval import INTERVALS, Millis, to_millis
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Series
from cryptostream.core.market.symbols import are_decimals, safe_convert
from cryptostream.core.ports import KlinePage
from cryptostream.core.result import Err, Ok, Result

DECIMALS: Final = (
    *("open", "high", "low", "close", "volume", "quote_volume"),
    *("taker_buy_volume", "taker_buy_quote_volume"),
)
SHOWN: Final = 500
"""Characters of something refused that are kept, at most."""

_Time = Annotated[int, msgspec.Meta(ge=0, lt=10**17)]
"""From 1970 to the year 5138, in ms or µs: the calendar can hold it."""

# ---------------------------------------------------------------- rows


class _Row(msgspec.Struct, array_like=True):
    """A row of `GET /api/v3/klines` or of an archive file. Some recordings have the first seven columns only."""

    open_time: _Time
    open: str
    high: str
    low: str
    close: str
    volume: str
    close_time: _Time
    quote_volume: str | None = None
    trades: Int64 | None = None
    taker_buy_volume: str | None = None
    taker_buy_quote_volume: str | None = None


def kline_row(
    row: object, *, series: Series, exchange_time: Millis, source: Source = "rest"
) -> Result[Candle, Rejected]:
    """The candle in one row of `GET /api/v3/klines`, closed or not.

    Parameters
    ----------
    row
        What the JSON of the row decodes to: a list of 12 elements. Further ones are ignored; from the eighth
        on they may be null or absent.
    exchange_time
        The exchange's clock (ms) when it answered.
    """
    return _from_row(row, series, exchange_time, source, strict=True)


def kline_page(rows: object, *, series: Series, exchange_time: Millis) -> Result[KlinePage, Rejected]:
    """One answer of `GET /api/v3/klines`; `rows` is what its JSON decodes to.

    A candle is closed if its scheduled close lies before `exchange_time`, also if it states an earlier one.
    Of repeated open times the last row stands. An answer that is no list is an `Err`; a row that is no candle
    is kept apart, and the others count.
    """
    if not isinstance(rows, list):
        return Err(Rejected("malformed", f"klines of {series}: a list of rows is due, not {repr(rows)[:80]}"))
    interval = INTERVALS[series.interval]
    closed: dict[Millis, Candle] = {}
    running: list[Millis] = []
    refused: list[tuple[str, str]] = []
    for row in rows:
        match kline_row(row, series=series, exchange_time=exchange_time):
            case Err(rejected):
                refused.append((rejected.reason, repr(row)[:SHOWN]))
            case Ok(candle) if interval.close_time(candle.open_time) >= exchange_time:
                running.append(candle.open_time)
            case Ok(candle):
                closed[candle.open_time] = candle
    ascending = tuple(closed[open_time] for open_time in sorted(closed))
    return Ok(KlinePage(ascending, min(running, default=None), exchange_time, tuple(refused)))


def csv_row(text_fields: Sequence[str], *, series: Series) -> Result[Candle, Rejected]:
    """The candle in one line of an archive file, whose columns are those of a REST row.

    Every row of an archive counts as closed: `exchange_time` is the first moment after its scheduled close.
    """
    row = [field.strip() or None for field in text_fields]
    read = _from_row(row, series, 0, "archive", strict=False)
    if isinstance(read, Err):
        return read
    after = INTERVALS[series.interval].next(read.value.open_time)
    return Ok(msgspec.structs.replace(read.value, exchange_time=after))


def is_header(text_fields: Sequence[str]) -> bool:
    """Whether a line of an archive file names its columns: the first field of a candle is a number."""
    return bool(text_fields) and not any(character.isdigit() for character in text_fields[0])


def _from_row(
    row: object, series: Series, exchange_time: Millis, source: Source, *, strict: bool
) -> Result[Candle, Rejected]:
    try:
        read = msgspec.convert(row, _Row, strict=strict)
    except msgspec.ValidationError as error:
        return Err(Rejected("malformed", f"row of {series}: {error}"))
    return _candle(read, series, exchange_time, source)


# ---------------------------------------------------------------- frames


class KlineFrame(msgspec.Struct, frozen=True):
    """An update of a kline stream; only one that is `closed` is final for its open time."""

    candle: Candle
    closed: bool


class Shutdown(msgspec.Struct, frozen=True):
    """The server will close this connection soon; `at` is when it said so."""

    at: Millis


class ReplyError(msgspec.Struct, frozen=True):
    """Why a request was refused; codes are stable, messages vary."""

    code: int
    msg: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.msg}"


class Reply(msgspec.Struct, frozen=True):
    """The answer to a request such as SUBSCRIBE, by its id."""

    id: int | str | None
    error: ReplyError | None = None


class Other(msgspec.Struct, frozen=True):
    """A message of a kind that is of no interest here."""

    kind: str


FeedFrame = KlineFrame | Shutdown | Reply | Other


class _Kline(msgspec.Struct):
    """The object `k` of a kline event."""

    symbol: str = msgspec.field(name="s")
    interval: str = msgspec.field(name="i")
    closed: bool = msgspec.field(name="x")
    open_time: _Time = msgspec.field(name="t")
    close_time: _Time = msgspec.field(name="T")
    open: str = msgspec.field(name="o")
    high: str = msgspec.field(name="h")
    low: str = msgspec.field(name="l")
    close: str = msgspec.field(name="c")
    volume: str = msgspec.field(name="v")
    quote_volume: str | None = msgspec.field(name="q", default=None)
    trades: Int64 | None = msgspec.field(name="n", default=None)
    taker_buy_volume: str | None = msgspec.field(name="V", default=None)
    taker_buy_quote_volume: str | None = msgspec.field(name="Q", default=None)
    first_trade_id: Int64 | None = msgspec.field(name="f", default=None)
    last_trade_id: Int64 | None = msgspec.field(name="L", default=None)


class _Message(msgspec.Struct):
    """Any message of a stream. A combined one wraps the raw one in `data`; errors come in two forms."""

    data: "_Message | None" = None
    event: str | None = msgspec.field(name="e", default=None)
    time: _Time | None = msgspec.field(name="E", default=None)
    kline: _Kline | None = msgspec.field(name="k", default=None)
    id: int | str | None = None
    result: Any = UNSET
    error: ReplyError | None = None
    code: int | None = None
    msg: str = ""


_MESSAGES: Final = msgspec.json.Decoder(_Message)


def frame(text: str | bytes) -> Result[FeedFrame, Rejected]:
    """What a WebSocket message says, from a raw (`/ws/…`) or a combined (`/stream?…`) connection."""
    try:
        outer = _MESSAGES.decode(text)
    except UNREADABLE as error:
        return Err(Rejected("malformed", f"frame: {error}"))
    message = outer.data or outer
    if message.event == "kline":
        return _kline_frame(message)
    if message.event == "serverShutdown" and message.time is not None:
        return Ok(Shutdown(to_millis(message.time)))
    if message.error is not None or message.result is not UNSET:
        return Ok(Reply(message.id, message.error))
    if message.code is not None:
        return Ok(Reply(message.id, ReplyError(message.code, message.msg)))
    return Ok(Other(message.event or "unknown"))


def _kline_frame(message: _Message) -> Result[FeedFrame, Rejected]:
    kline, time = message.kline, message.time
    if kline is None or time is None:
        return Err(Rejected("malformed", "frame: a kline event has the fields `E` and `k`"))
    if kline.interval not in INTERVALS:
        return Err(Rejected("unknown_interval", f"frame: {kline.interval[:20]!r} is no interval of the exchange"))
    read = _candle(
        kline,
        Series(kline.symbol, kline.interval),
        to_millis(time),
        "websocket",
        (_known_id(kline.first_trade_id), _known_id(kline.last_trade_id)),
    )
    return Ok(KlineFrame(read.value, kline.closed)) if isinstance(read, Ok) else read


def _known_id(trade_id: int | None) -> int | None:
    """A trade id; the exchange writes -1 for that of a candle without trades."""
    return None if trade_id is None or trade_id < 0 else trade_id


# ---------------------------------------------------------------- both


def _candle(
    read: _Row | _Kline,
    series: Series,
    exchange_time: Millis,
    source: Source,
    trade_ids: tuple[int | None, int | None] = (None, None),
) -> Result[Candle, Rejected]:
    stated = {name: text for name in DECIMALS if (text := getattr(read, name)) is not None}
    if not are_decimals(stated.values()):
        return _bad_number(series, stated)
    return Ok(
        Candle(
            symbol=series.symbol,
            interval=series.interval,
            open_time=to_millis(read.open_time),
            close_time=to_millis(read.close_time),
            trades=read.trades,
            first_trade_id=trade_ids[0],
            last_trade_id=trade_ids[1],
            source=source,
            exchange_time=exchange_time,
            **stated,
        )
    )


def _bad_number(series: Series, stated: dict[str, str]) -> Err[Rejected]:
    faults = (safe_convert(text, name) for name, text in stated.items())
    first = next(fault.error for fault in faults if isinstance(fault, Err))
    return Err(Rejected("bad_number", f"{series}: {first.detail}"))
