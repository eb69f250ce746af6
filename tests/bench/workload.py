"""What is measured with: made-up candles as records of the log, and the same as lines that InfluxDB takes as they are.

Four symbols and five intervals, nine in ten candles of 1s. Nothing of the product takes part.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from confluent_kafka import Producer

from tests.chaos.stream import INDICATORS
from tests.judge import grid
from tests.judge.columns import columns_of
from tests.judge.enriched import expected
from tests.judge.judge import adjoins
from tests.judge.raw import Field, wanted_fields
from tests.judge.stream import Series, Stream
from tests.judge.topic import Published
from tests.judge.truth import DECIMALS, INTEGERS, Figures
from tests.support.parts.kafka import Kafka

START = 1_735_689_600_000
"""2025-01-01."""
INTERVALS = ("1s", "1m", "15m", "1h", "1d")
COINS = ("BTC", "ETH", "XRP", "SOL")
LONGER = {"1m": 0.07, "15m": 0.02, "1h": 0.009, "1d": 0.001}
"""Shares of the longer intervals; the rest is 1s."""
BATCH = 10_000

Candles = Mapping[Series, Mapping[int, Published]]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Bodies of writes, `BATCH` points each, to the raw and to the enriched bucket."""

    raw: tuple[bytes, ...]
    enriched: tuple[bytes, ...]


def stream(name: str, *, indicators: bool) -> Stream:
    symbols = {f"{coin}USDC": (coin, "USDC") for coin in COINS}
    return Stream(f"bench.{name}", symbols, INTERVALS, START, INDICATORS if indicators else ())


def candles(declared: Stream, number: int) -> Candles:
    """About `number` candles, the same in every run."""
    chance = np.random.default_rng(1)
    each = number // len(declared.symbols)
    counts = {name: max(1, int(each * share)) for name, share in LONGER.items()}
    counts["1s"] = each - sum(counts.values())
    return {series: dict(_walk(series, counts[series.interval], chance)) for series in declared.series}


def _walk(series: Series, count: int, chance: np.random.Generator) -> Iterator[tuple[int, Published]]:
    closes = 20_000 * np.exp(np.cumsum(chance.normal(0, 1e-4, count + 1)))
    highs, lows = closes * 1.0004, closes * 0.9996
    volumes = chance.gamma(2.0, 3.0, (count, 2))
    time = START
    for at in range(count):
        following = grid.following(series.interval, time)
        prices = (closes[at], max(highs[at], highs[at + 1]), min(lows[at], lows[at + 1]), closes[at + 1])
        taken = volumes[at] * (1.0, 0.4)
        amounts = (taken[0], taken[0] * closes[at], taken[1], taken[1] * closes[at])
        texts = (*(f"{price:.2f}000000" for price in prices), *(f"{amount:.8f}" for amount in amounts))
        figures = Figures(" ".join((*texts, str(following - 1), str(10 + at % 90))), None, None)
        yield time, Published(0, 0, figures, "history", "rest", following + 5, following * 1000, 0)
        time = following


def records(declared: Stream, made: Candles) -> Iterator[tuple[str, bytes, bytes]]:
    """Topic, key and value of each record, the series side by side as they come from an exchange."""
    left = {series: iter(sorted(by_time.items())) for series, by_time in made.items()}
    while left:
        for series in tuple(left):
            for _ in range(500):
                found = next(left[series], None)
                if found is None:
                    del left[series]
                    break
                topic = f"{declared.name}.prices-{series.interval}"
                yield topic, series.symbol.encode(), _value(declared, series, *found)


def _value(declared: Stream, series: Series, open_time: int, record: Published) -> bytes:
    coin, quote = declared.symbols[series.symbol]
    values = record.figures.values
    stated = {name: values[name] for name in DECIMALS} | {name: int(values[name]) for name in INTEGERS}
    named = {"schema": 1, "exchange": "binance", "symbol": series.symbol, "coin": coin, "quote": quote}
    kept = {name: getattr(record, name) for name in ("lane", "revision", "source", "exchange_time", "published_at")}
    place = {"interval": series.interval, "open_time": open_time, "simulated": True}
    ids = {"first_trade_id": None, "last_trade_id": None}
    return json.dumps(named | place | stated | ids | kept, separators=(",", ":")).encode()


def publish(kafka: Kafka, declared: Stream, made: Candles) -> int:
    """Put all of it on the topics; returns how many records."""
    settings = {**kafka.plain(), "partitioner": "murmur2", "linger.ms": 20, "queue.buffering.max.kbytes": 1 << 20}
    producer = Producer(settings)
    count = 0
    for topic, key, value in records(declared, made):
        producer.produce(topic, key=key, value=value, headers=[("schema", b"1"), ("lane", b"history")])
        count += 1
        if count % 5_000 == 0:
            producer.poll(0)
    assert producer.flush(60) == 0
    return count


def encoded(declared: Stream, made: Candles) -> Encoded:
    """The points of all of it, as they would be stored."""
    raw: list[str] = []
    enriched: list[str] = []
    for series, by_time in made.items():
        tags = ",".join(f"{name}={value}" for name, value in sorted(declared.tags(series).items()))
        raw += [line("candle", tags, wanted_fields(each, simulated=True), time) for time, each in by_time.items()]
        enriched += _rows(declared, series, by_time, tags) if declared.indicators else []
    return Encoded(tuple(_batches(raw)), tuple(_batches(enriched)))


def _rows(declared: Stream, series: Series, by_time: Mapping[int, Published], tags: str) -> Iterator[str]:
    columns = columns_of(series.interval, by_time, 1 << 50)
    due = expected(declared.indicators, columns, adjoins(columns), simulated=True)
    for time, at in due.place.items():
        yield line("indicators", tags, due.fields(at), time)


def _batches(lines: list[str]) -> Iterator[bytes]:
    for at in range(0, len(lines), BATCH):
        yield "\n".join(lines[at : at + BATCH]).encode()


def line(measurement: str, tags: str, fields: Mapping[str, Field], time: int) -> str:
    """A point in line protocol, its integers as integers."""
    return f"{measurement},{tags} {','.join(f'{name}={literal(value)}' for name, value in fields.items())} {time}"


def literal(value: Field) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return f"{value}i"
        case float():
            return repr(value)
        case _:
            return f'"{value}"'
