"""A candle record of the log, read by the letter of the wire's description, and what is wrong with its shape. Pure."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.judge import grid
from tests.judge.partition import partition_of
from tests.judge.stream import Series, Stream
from tests.judge.truth import DECIMALS

LANES = {"live", "repair", "history"}
SOURCES = {"websocket", "rest", "archive"}
OPTIONAL = {"quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume", "first_trade_id", "last_trade_id"}
INTEGERS = {
    *("schema", "open_time", "close_time", "trades", "first_trade_id", "last_trade_id"),
    *("revision", "exchange_time", "published_at"),
}
TEXTS = {"exchange", "symbol", "coin", "quote", "interval", "lane", "source", *DECIMALS}
FIELDS = INTEGERS | TEXTS | {"simulated"}


class Message(NamedTuple):
    """A record as a Kafka client reads it; `timestamp` in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


def parsed(message: Message) -> dict[str, Any] | str:
    """The candle of a record as a dictionary, or why it is none."""
    try:
        stated = json.loads(message.value or b"")
    except ValueError as error:
        return f"no JSON: {error}"
    if not isinstance(stated, dict):
        return "no JSON object"
    if stated.keys() != FIELDS:
        return f"fields missing {sorted(FIELDS - stated.keys())}, unknown {sorted(stated.keys() - FIELDS)}"
    wrong = [name for name in sorted(FIELDS) if not _has_its_type(name, stated[name])]
    return f"of another type: {', '.join(f'{name}={stated[name]!r}' for name in wrong)}" if wrong else stated


def series_of(stated: dict[str, Any]) -> Series:
    return Series(stated["symbol"], stated["interval"])


def faults(stream: Stream, message: Message, stated: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a record apart from its figures."""
    series = series_of(stated)
    if series not in stream.series or stream.prices[message.topic] != series.interval:
        yield f"{series} does not belong there"
        return
    coin, quote = stream.symbols[series.symbol]
    fixed = {"schema": 1, "exchange": stream.exchange, "coin": coin, "quote": quote, "simulated": stream.simulated}
    yield from (f"{name} is {stated[name]!r}, not {value!r}" for name, value in fixed.items() if stated[name] != value)
    if message.key != series.symbol.encode():
        yield f"the key is {message.key!r}"
    elif message.partition != partition_of(message.key, stream.partitions):
        yield f"partition {message.partition} is not that of the key {message.key!r}"
    yield from _lane_faults(message, stated)
    yield from _time_faults(message, stated)
    yield from _id_faults(stated)


def _lane_faults(message: Message, stated: dict[str, Any]) -> Iterator[str]:
    if stated["lane"] not in LANES or stated["source"] not in SOURCES:
        yield f"lane {stated['lane']!r}, source {stated['source']!r}"
    wanted = {"schema": b"1", "lane": stated["lane"].encode()}
    if dict(message.headers) != wanted:
        yield f"headers are {message.headers!r}"


def _time_faults(message: Message, stated: dict[str, Any]) -> Iterator[str]:
    open_time, interval = stated["open_time"], stated["interval"]
    if open_time != grid.floor(interval, open_time):
        yield f"open_time {open_time} is not on the grid"
    if stated["close_time"] > grid.following(interval, open_time) - 1:
        yield f"close_time {stated['close_time']} lies behind the interval"
    if stated["exchange_time"] <= stated["close_time"]:
        yield f"exchange_time {stated['exchange_time']} is before the candle closed"
    if message.timestamp <= 0:
        yield "the record has no time of publication"


def _id_faults(stated: dict[str, Any]) -> Iterator[str]:
    ids = (stated["first_trade_id"], stated["last_trade_id"])
    stream = stated["source"] == "websocket"
    if not stream and ids != (None, None):
        yield f"trade ids {ids} cannot come from {stated['source']}"
    if stream and stated["trades"] and None in ids:
        yield f"{stated['trades']} trades without their ids"


def _has_its_type(name: str, value: Any) -> bool:
    if value is None:
        return name in OPTIONAL
    if name == "simulated":
        return isinstance(value, bool)
    return isinstance(value, str) if name in TEXTS else type(value) is int
