"""What Binance sends, as values: kline rows of REST and archive, and WebSocket frames. Pure.

Shapes as in the exchange's documentation of spot klines and kline streams. Decimals keep their exact
strings, times are told apart by magnitude, and a close time earlier than scheduled is legal.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cryptostream.core.market.candle import Candle, Source
from cryptostream.core.market.interval import INTERVALS, Millis, to_millis
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Series
from cryptostream.core.ports import KlinePage
from cryptostream.core.result import Err, Ok, Result

ROW: Final = 12
SHORT_ROW: Final = 7


def kline_row(
    row: object, *, series: Series, exchange_time: Millis, source: Source = "rest"
) -> Result[Candle, Rejected]:
    """One row of the klines call: twelve elements, or seven where an archive has no more.

    Trade ids are not stated by rows. Figures that a short row lacks are None.
    """
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) not in (SHORT_ROW, ROW):
        return Err(Rejected("malformed", f"not a row of {ROW} or {SHORT_ROW} elements: {row!r:.200}"))
    long = len(row) == ROW
    try:
        candle = Candle(
            symbol=series.symbol,
            interval=series.interval,
            open_time=to_millis(_integer(row[0])),
            close_time=to_millis(_integer(row[6])),
            open=_text(row[1]),
            high=_text(row[2]),
            low=_text(row[3]),
            close=_text(row[4]),
            volume=_text(row[5]),
            quote_volume=_text(row[7]) if long else None,
            trades=_integer(row[8]) if long else None,
            taker_buy_volume=_text(row[9]) if long else None,
            taker_buy_quote_volume=_text(row[10]) if long else None,
            source=source,
            exchange_time=exchange_time,
        )
    except TypeError as error:
        return Err(Rejected("malformed", f"{error}: {row!r:.200}"))
    return Ok(candle)


def kline_page(rows: object, *, series: Series, exchange_time: Millis) -> Result[KlinePage, Rejected]:
    """A whole answer: closed candles ascending, the one in progress apart, and rows that are none.

    A candle is closed once its *scheduled* close lies before `exchange_time`, whatever the row says.
    """
    if not isinstance(rows, list):
        return Err(Rejected("malformed", f"not a list of rows: {rows!r:.200}"))
    closed: dict[Millis, Candle] = {}
    rejected: list[tuple[str, str]] = []
    in_progress: Millis | None = None
    interval = INTERVALS[series.interval]
    for row in rows:
        match kline_row(row, series=series, exchange_time=exchange_time):
            case Err(why):
                rejected.append((why.reason, why.detail))
            case Ok(candle) if interval.close_time(candle.open_time) < exchange_time:
                closed[candle.open_time] = candle
            case Ok(candle):
                in_progress = candle.open_time if in_progress is None else min(in_progress, candle.open_time)
    ascending = tuple(closed[open_time] for open_time in sorted(closed))
    return Ok(KlinePage(ascending, in_progress, exchange_time, tuple(rejected)))


def csv_row(fields: Sequence[str], *, series: Series) -> Result[Candle, Rejected]:
    """One line of an archive file; it was closed when it was written."""
    try:
        row = [int(text) if place in (0, 6, 8) else text.strip() for place, text in enumerate(fields)]
    except ValueError:
        return Err(Rejected("malformed", f"not a line of a kline archive: {','.join(fields):.200}"))
    made = kline_row(row, series=series, exchange_time=0, source="archive")
    if isinstance(made, Err):
        return made
    after = INTERVALS[series.interval].close_time(made.value.open_time) + 1
    return Ok(msgspec.structs.replace(made.value, exchange_time=after))


def is_header(fields: Sequence[str]) -> bool:
    """Whether a line names the columns instead of holding a candle."""
    return bool(fields) and not fields[0].strip().lstrip("-").isdigit()


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"{value!r} is no whole number")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is no decimal string")


# ---------------------------------------------------------------- WebSocket frames


class KlineFrame(msgspec.Struct, frozen=True):
    """A candle pushed by a stream; it is final only if `closed`."""

    candle: Candle
    closed: bool


class Shutdown(msgspec.Struct, frozen=True):
    """The server is about to stop (`serverShutdown`): open another connection at once."""

    at: Millis


class Reply(msgspec.Struct, frozen=True):
    """The answer to a control message; `error` is None if it was carried out."""

    id: int | str | None
    error: str | None


class Other(msgspec.Struct, frozen=True):
    """A message of a kind that is none of ours."""

    kind: str


FeedFrame = KlineFrame | Shutdown | Reply | Other


class _Kline(msgspec.Struct):
    t: int
    T: int
    s: str
    i: str
    f: int
    L: int
    o: str
    c: str
    h: str
    l: str  # noqa: E741 - the exchange's name for the low
    v: str
    n: int
    x: bool
    q: str
    V: str
    Q: str


class _Message(msgspec.Struct):
    """Every message of the stream, raw or combined, in one shape."""

    stream: str | None = None
    data: "_Message | None" = None
    e: str | None = None
    E: int = 0
    k: _Kline | None = None
    id: int | str | None = None
    error: Any = None
    code: int | None = None
    msg: str | None = None
    result: Any = msgspec.UNSET


_decoder = msgspec.json.Decoder(_Message)


def frame(text: str | bytes) -> Result[FeedFrame, Rejected]:
    """One WebSocket message, raw or combined."""
    try:
        message = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Err(Rejected("malformed", str(error)))
    inner = message.data or message
    if inner.k is not None:
        return _kline(inner.k, to_millis(inner.E))
    if inner.e == "serverShutdown":
        return Ok(Shutdown(to_millis(inner.E)))
    if inner.error is not None:
        return Ok(Reply(inner.id, f"{inner.error}"))
    if inner.code is not None:
        return Ok(Reply(inner.id, f"{inner.code}: {inner.msg}"))
    if inner.result is not msgspec.UNSET:
        return Ok(Reply(inner.id, None))
    return Ok(Other(inner.e or "unknown"))


def _kline(kline: _Kline, event_time: Millis) -> Result[FeedFrame, Rejected]:
    if kline.i not in INTERVALS:
        return Err(Rejected("unknown_interval", kline.i))
    candle = Candle(
        symbol=kline.s,
        interval=kline.i,
        open_time=to_millis(kline.t),
        close_time=to_millis(kline.T),
        open=kline.o,
        high=kline.h,
        low=kline.l,
        close=kline.c,
        volume=kline.v,
        quote_volume=kline.q,
        trades=kline.n,
        taker_buy_volume=kline.V,
        taker_buy_quote_volume=kline.Q,
        first_trade_id=_trade_id(kline.f),
        last_trade_id=_trade_id(kline.L),
        source="websocket",
        exchange_time=event_time,
    )
    return Ok(KlineFrame(candle, kline.x))


def _trade_id(number: int) -> int | None:
    """A candle without trades states -1."""
    return number if number >= 0 else None
