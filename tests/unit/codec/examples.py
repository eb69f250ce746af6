"""One minute of BTCUSDC in each of its spellings."""

import json
from typing import Any, TypeVar

from cryptostream.core.market.candle import Candle, CandleRecord
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.result import Err, Ok, Result

T = TypeVar("T")
E = TypeVar("E")

SERIES = Series("BTCUSDC", "1m")
SYMBOL = Symbol("BTCUSDC", "BTC", "USDC")
OPEN, CLOSE = 1761711720000, 1761711779999

ROW: list[Any] = [
    *(OPEN, "112890.01", "112900.00", "112870.50000000", "112888.88", "1.23400000", CLOSE),
    *("139298.12", 412, "0.61", "68871.3", "0"),
]
FRAME = """{"e":"kline","E":1761711780004,"s":"BTCUSDC","k":{"t":1761711720000,"T":1761711779999,"s":"BTCUSDC",
"i":"1m","f":4711,"L":5122,"o":"112890.01","c":"112888.88","h":"112900.00","l":"112870.50000000","v":"1.23400000",
"n":412,"x":true,"q":"139298.12","V":"0.61","Q":"68871.3","B":"0"}}"""
PAYLOAD: dict[str, Any] = json.loads(FRAME)
LINE = [str(field) for field in ROW]

CANDLE = Candle(
    symbol="BTCUSDC",
    interval="1m",
    open_time=OPEN,
    close_time=CLOSE,
    open="112890.01",
    high="112900.00",
    low="112870.50000000",
    close="112888.88",
    volume="1.23400000",
    quote_volume="139298.12",
    trades=412,
    taker_buy_volume="0.61",
    taker_buy_quote_volume="68871.3",
    first_trade_id=4711,
    last_trade_id=5122,
    source="websocket",
    exchange_time=1761711780004,
)
RECORD = CandleRecord(
    exchange="binance",
    symbol="BTCUSDC",
    coin="BTC",
    quote="USDC",
    interval="1m",
    open_time=OPEN,
    close_time=CLOSE,
    open="112890.01",
    high="112900.00",
    low="112870.50000000",
    close="112888.88",
    volume="1.23400000",
    quote_volume="139298.12",
    trades=412,
    taker_buy_volume="0.61",
    taker_buy_quote_volume="68871.3",
    first_trade_id=4711,
    last_trade_id=5122,
    lane="live",
    revision=0,
    source="websocket",
    exchange_time=1761711780004,
    published_at=1761711780012345,
    simulated=False,
)


def ok(result: Result[T, E]) -> T:
    assert isinstance(result, Ok), result
    return result.value


def err(result: Result[T, E]) -> E:
    assert isinstance(result, Err), result
    return result.error
