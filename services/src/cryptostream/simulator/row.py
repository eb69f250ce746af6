"""A candle as the simulator knows it, and its two spellings on the wire. Pure.

Deliberately apart from `core.codec`: what judges the product's decoding must not share its mistakes.
"""

from typing import NamedTuple

import msgspec

from cryptostream.core.market.interval import Millis

UNIT = 10**8
"""Amounts are counted in integers of 1e-8, the exchange's own resolution."""


class Row(msgspec.Struct, frozen=True):
    """One candle; decimals have eight places, as the exchange writes them.

    A recorded candle may lack some values: they are None here and `null` on the wire. A made-up one
    without trades has the trade ids -1 and -1.
    """

    open_time: Millis
    close_time: Millis
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str | None
    trades: int | None
    taker_buy_volume: str | None
    taker_buy_quote_volume: str | None
    first_trade_id: int | None = None
    last_trade_id: int | None = None


def decimal8(amount: int) -> str:
    """`amount` in units of 1e-8, 0 or more, as a decimal with eight places."""
    whole, part = divmod(amount, UNIT)
    return f"{whole}.{part:08d}"


class Push(NamedTuple):
    """One update of a `@kline_` stream: the row as it stood, and when (ms) the exchange sent it."""

    symbol: str
    interval: str
    row: Row
    closed: bool
    at: Millis


def rest_row(row: Row, scale: int) -> str:
    """The row of twelve of `GET /api/v3/klines`, as JSON text; `scale` is 1 for ms and 1000 for µs."""
    return (
        f'[{row.open_time * scale},"{row.open}","{row.high}","{row.low}","{row.close}","{row.volume}",'
        f"{_closing(row.close_time, scale)},{_text(row.quote_volume)},{_number(row.trades)},"
        f'{_text(row.taker_buy_volume)},{_text(row.taker_buy_quote_volume)},"0"]'
    )


def kline_event(push: Push, scale: int) -> str:
    """The payload of a `@kline_` stream, as JSON text; `scale` is 1 for ms and 1000 for µs."""
    row, symbol = push.row, push.symbol
    return (
        f'{{"e":"kline","E":{push.at * scale},"s":"{symbol}","k":{{"t":{row.open_time * scale},'
        f'"T":{_closing(row.close_time, scale)},"s":"{symbol}","i":"{push.interval}","f":{_number(row.first_trade_id)},'
        f'"L":{_number(row.last_trade_id)},"o":"{row.open}","c":"{row.close}","h":"{row.high}","l":"{row.low}",'
        f'"v":"{row.volume}","n":{_number(row.trades)},"x":{"true" if push.closed else "false"},'
        f'"q":{_text(row.quote_volume)},"V":{_text(row.taker_buy_volume)},"Q":{_text(row.taker_buy_quote_volume)},'
        f'"B":"0"}}}}'
    )


def csv_row(row: Row, scale: int) -> str:
    """The line of twelve columns of an archive file; `scale` is 1 for ms and 1000 for µs."""
    fields = (row.open, row.high, row.low, row.close, row.volume, _closing(row.close_time, scale), row.quote_volume)
    tail = (row.trades, row.taker_buy_volume, row.taker_buy_quote_volume, 0)
    return ",".join("" if v is None else str(v) for v in (row.open_time * scale, *fields, *tail))


def _closing(time: Millis, scale: int) -> int:
    return time * scale + scale - 1


def _text(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)
