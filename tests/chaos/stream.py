"""The stream that is run under faults: its resource, and what the judge is told of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.judge.grid import HOUR
from tests.judge.stream import Declared, Stream

NAMESPACE, NAME = "chaos", "matrix"
BEGAN = 1_748_772_000_000
"""2025-06-01 10:00 UTC, where the exchange's clock begins: however fast, it stays behind the wall's."""
COINS = ("BTC", "ETH", "XRP", "ADA", "DOGE")
"""Their symbols lie on five of six partitions."""
INTERVALS = ("1s", "1m", "5m")
INDICATORS = (
    Declared("sma20", "SMA", {"timeperiod": 20}, 20),
    Declared("ema20", "EMA", {"timeperiod": 20}, 207),
    Declared("rsi14", "RSI", {"timeperiod": 14}, 325),
    Declared("bb", "BBANDS", {"timeperiod": 20, "nbdevup": "2", "nbdevdn": "2"}, 20),
    Declared("turnover", "SMA", {"timeperiod": 20, "input": "volume"}, 20),
)
"""The last one changes with what the exchange restates: volumes."""


def judged(
    start: int = BEGAN - HOUR,
    *,
    coins: Sequence[str] = COINS,
    intervals: tuple[str, ...] = INTERVALS,
    indicators: tuple[Declared, ...] = INDICATORS,
) -> Stream:
    """What the judge knows of the stream that is complete from `start` on."""
    symbols = {f"{coin}USDC": (coin, "USDC") for coin in coins}
    return Stream(f"{NAMESPACE}.{NAME}", symbols, intervals, start, indicators)


def resource(stream: Stream, rest: str, feed: str) -> dict[str, Any]:
    """The same as the resource that a user would apply, with the exchange's endpoints."""
    namespace, name = stream.name.split(".")
    start = datetime.fromtimestamp(stream.start / 1000, UTC).isoformat().replace("+00:00", "Z")
    return {
        "apiVersion": "cryptostream.io/v1alpha1",
        "kind": "CryptoStream",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "coins": [coin for coin, _ in stream.symbols.values()],
            "quote": "USDC",
            "intervals": list(stream.intervals),
            "source": {"endpoints": {"rest": [rest], "stream": [feed]}, "history": {"startTime": start}},
            "indicators": [
                {"name": each.name, "function": each.function, "params": dict(each.params)}
                for each in stream.indicators
            ],
        },
    }
