"""A small made-up stream for the judge's own tests: its truth, its records, and its points, all as they should be."""

import json
from collections.abc import Iterable
from typing import Any

from tests.judge import grid
from tests.judge.partition import partition_of
from tests.judge.raw import Point, wanted_fields
from tests.judge.record import Message
from tests.judge.stream import Declared, Series, Stream
from tests.judge.topic import Topics
from tests.judge.truth import Truth

START = 1_750_000_020_000
BTC = Series("BTCUSDC", "1m")
STREAM = Stream(
    name="tests.judged",
    symbols={"BTCUSDC": ("BTC", "USDC"), "ETHUSDC": ("ETH", "USDC")},
    intervals=("1m",),
    start=START,
    indicators=(Declared("sma3", "SMA", {"timeperiod": 3}, 3), Declared("rsi2", "RSI", {"timeperiod": 2}, 36)),
)
TOPIC = "tests.judged.prices-1m"


def row(open_time: int, *, volume: str = "2.50000000") -> dict[str, Any]:
    """A candle as the exchange tells it."""
    at = (open_time - START) // grid.MINUTE
    price = 100 + at * 7 % 13
    return {
        "open_time": open_time,
        "close_time": open_time + grid.MINUTE - 1,
        "open": f"{price}.00000000",
        "high": f"{price + 2}.00000000",
        "low": f"{price - 1}.00000000",
        "close": f"{price + 1}.50000000",
        "volume": volume,
        "quote_volume": "250.00000000",
        "trades": 5,
        "taker_buy_volume": "1.00000000",
        "taker_buy_quote_volume": "100.00000000",
        "first_trade_id": 1 + 5 * at,
        "last_trade_id": 5 + 5 * at,
    }


def rows(count: int) -> list[dict[str, Any]]:
    return [row(START + each * grid.MINUTE) for each in range(count)]


def truth_of(told: Iterable[dict[str, Any]], series: Series = BTC) -> Truth:
    truth = Truth()
    truth.note(series, told, START)
    return truth


def message(told: dict[str, Any], offset: int = 0, *, timestamp: int = 10, **changes: Any) -> Message:
    """The record of a candle; `changes` are made to its value."""
    symbol = changes.get("symbol", "BTCUSDC")
    value = {
        **told,
        "schema": 1,
        "exchange": "binance",
        "symbol": symbol,
        "coin": symbol[:3],
        "quote": "USDC",
        "interval": "1m",
        "lane": "live",
        "revision": 0,
        "source": "websocket",
        "exchange_time": told["close_time"] + 3,
        "published_at": told["close_time"] * 1000,
        "simulated": True,
    } | changes
    headers = (("schema", b"1"), ("lane", value["lane"].encode()))
    key = symbol.encode()
    return Message(TOPIC, partition_of(key, 6), offset, timestamp, key, json.dumps(value).encode(), headers)


def messages(told: Iterable[dict[str, Any]]) -> list[Message]:
    return [message(each, offset) for offset, each in enumerate(told)]


def topics_of(truth: Truth, records: Iterable[Message], starts: list[int] | None = None) -> Topics:
    topics = Topics(STREAM, truth, starts or [])
    topics.read(records, lambda *_: False, lambda *_: False)
    return topics


def points(topics: Topics, series: Series = BTC) -> list[Point]:
    """The raw bucket as it should be."""
    tags = STREAM.tags(series)
    published = topics.newest[series]
    return [Point(time, tags, wanted_fields(published[time], simulated=True)) for time in sorted(published)]
