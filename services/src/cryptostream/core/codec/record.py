"""Candle records on the log: JSON of schema 1, and the names of the topics that carry them. Pure."""

from typing import Final

import msgspec

from cryptostream.core.codec.versioned import SCHEMA, read
from cryptostream.core.market.candle import Candle, CandleRecord, Lane
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import EXCHANGE, Symbol
from cryptostream.core.result import Result

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(CandleRecord)


def encode(record: CandleRecord) -> bytes:
    """The value of a log record."""
    return _encoder.encode(record)


def decode(value: bytes) -> Result[CandleRecord, Rejected]:
    """The record in a value; `newer_schema` or `malformed` if there is none."""
    return read(_decoder, value)


def headers(record: CandleRecord) -> tuple[tuple[str, bytes], ...]:
    """The headers of a log record."""
    return ("schema", str(record.schema).encode()), ("lane", record.lane.encode())


def record_of(  # noqa: PLR0913 - what a record says besides its candle
    candle: Candle, *, symbol: Symbol, lane: Lane, revision: int, published_at: int, simulated: bool
) -> CandleRecord:
    """`candle` as it is published; `published_at` in µs."""
    return CandleRecord(
        schema=SCHEMA,
        exchange=EXCHANGE,
        symbol=candle.symbol,
        coin=symbol.coin,
        quote=symbol.quote,
        interval=candle.interval,
        open_time=candle.open_time,
        close_time=candle.close_time,
        open=candle.open,
        high=candle.high,
        low=candle.low,
        close=candle.close,
        volume=candle.volume,
        quote_volume=candle.quote_volume,
        trades=candle.trades,
        taker_buy_volume=candle.taker_buy_volume,
        taker_buy_quote_volume=candle.taker_buy_quote_volume,
        first_trade_id=candle.first_trade_id,
        last_trade_id=candle.last_trade_id,
        lane=lane,
        revision=revision,
        source=candle.source,
        exchange_time=candle.exchange_time,
        published_at=published_at,
        simulated=simulated,
    )


def topic(stream: str, interval: str) -> str:
    """The topic of one interval of `<namespace>.<name>`; `1M` and `1m` differ in case alone, as Kafka allows."""
    return f"{stream}.prices-{interval}"


def dead_letter_topic(stream: str) -> str:
    """The topic of refused records."""
    return f"{stream}.dead-letter"


def alerts_topic(stream: str) -> str:
    """The topic of users' alerts."""
    return f"{stream}.alerts"


def ledger_topic(stream: str) -> str:
    """The compacted topic of progress and gaps."""
    return f"{stream}.ledger"


def topic_resource_name(topic_name: str) -> str:
    """Name of the KafkaTopic resource: Kubernetes names are lower case, so the month is `1mo`."""
    return f"{topic_name[:-2]}1mo" if topic_name.endswith(".prices-1M") else topic_name
