"""A small stream on real parts as it should be, written by plain clients from the exchange's truth, for tests to break.

Nothing of the product takes part: what the judge is tried on must not depend on what it judges.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Producer

from tests.bench.workload import line
from tests.judge import grid
from tests.judge.columns import columns_of
from tests.judge.enriched import expected
from tests.judge.exchange import Exchange
from tests.judge.influx import Influx as Flux
from tests.judge.judge import Judge, adjoins
from tests.judge.partition import partition_of
from tests.judge.raw import Point, wanted_fields
from tests.judge.record import Message
from tests.judge.stream import Declared, Series, Stream
from tests.judge.topic import Topics
from tests.judge.truth import Truth
from tests.support.parts.influx import ORG, Influx
from tests.support.parts.kafka import Kafka

BEGAN = 1_748_772_000_000
"""2025-06-01, ten o'clock: where the exchange's clock begins."""
START = BEGAN - 2 * grid.HOUR
OUTAGE = (START + 30 * grid.MINUTE, START + 33 * grid.MINUTE)
INDICATORS = (Declared("sma20", "SMA", {"timeperiod": 20}, 20), Declared("bb", "BBANDS", {"timeperiod": 5}, 5))

Value = dict[str, Any]


@dataclass(frozen=True)
class JudgedStream:
    """Two series of two hours: their records, ledger and points, which `break_` may change before they are written."""

    stream: Stream
    kafka: Kafka
    influx: Influx
    exchange: Exchange
    records: list[Value] = field(default_factory=list)
    gaps: list[Value] = field(default_factory=list)
    raw: list[Point] = field(default_factory=list)
    enriched: list[Point] = field(default_factory=list)

    def prepare(self) -> None:
        """Everything as it should be."""
        truth = Truth()
        for series in self.stream.series:
            rows = list(self.exchange.candles(series, START, BEGAN))
            truth.note(series, rows, BEGAN)
            self.records.extend(self._value(series, row) for row in rows)
            self.gaps.append(self._gap(series))
        topics = Topics(self.stream, truth, [])
        topics.read((self._message(each) for each in self.records), _never, _never)
        assert topics.findings.clean, topics.findings
        for series in self.stream.series:
            self._prepare_points(series, topics)

    def write(self) -> None:
        """Put it all where the product would."""
        topics = (*self.stream.prices, self.stream.ledger_topic, self.stream.dead_letter_topic)
        self.kafka.admin.create_topics(*topics, partitions=6)
        self.produce(self._message(each) for each in self.records)
        self.produce(self._gap_message(each) for each in self.gaps)
        for bucket, measurement, points in (
            (self.stream.raw_bucket, "candle", self.raw),
            (self.stream.raw_bucket, "gap", [self._gap_point(each) for each in self.gaps]),
            (self.stream.enriched_bucket, "indicators", self.enriched),
        ):
            self.influx.write(bucket, (_line(measurement, point) for point in points))

    def produce(self, messages: Iterable[Message], *, transaction: str | None = None) -> None:
        """Append records; with a `transaction`, inside one of that id, which is left to be aborted."""
        settings = {**self.kafka.plain(), "partitioner": "murmur2", "linger.ms": 5}
        producer = Producer(settings | ({"transactional.id": transaction} if transaction else {}))
        if transaction:
            producer.init_transactions(30)
            producer.begin_transaction()
        for each in messages:
            producer.produce(each.topic, key=each.key, value=each.value, headers=list(each.headers))
        assert producer.flush(30) == 0
        if transaction:
            producer.abort_transaction(30)

    def judge(self) -> Judge:
        flux = Flux(self.influx.url, ORG, self.influx.token)
        return Judge(self.stream, {**self.kafka.plain()}, flux, self.exchange)  # type: ignore[dict-item]

    def message(self, value: Value) -> Message:
        return self._message(value)

    def _value(self, series: Series, row: Mapping[str, Any]) -> Value:
        coin, quote = self.stream.symbols[series.symbol]
        return {
            **{name: value for name, value in row.items() if name not in {"first_trade_id", "last_trade_id"}},
            "schema": 1,
            "exchange": "binance",
            "symbol": series.symbol,
            "coin": coin,
            "quote": quote,
            "interval": series.interval,
            "first_trade_id": None,
            "last_trade_id": None,
            "lane": "history",
            "revision": 0,
            "source": "rest",
            "exchange_time": BEGAN,
            "published_at": BEGAN * 1000,
            "simulated": True,
        }

    def _message(self, value: Value) -> Message:
        topic, key = f"{self.stream.name}.prices-{value['interval']}", value["symbol"].encode()
        headers = (("schema", b"1"), ("lane", value["lane"].encode()))
        partition = partition_of(key, self.stream.partitions)  # where a producer puts it, too
        return Message(topic, partition, 0, 1, key, json.dumps(value).encode(), headers)

    def _gap(self, series: Series) -> Value:
        missing = list(grid.opens(series.interval, *OUTAGE))
        return {
            "key": f"g|{series.symbol}|{series.interval}|{missing[0]}",
            "schema": 1,
            "from": missing[0],
            "to": missing[-1],
            "candles": len(missing),
            "cause": "exchange_outage",
            "state": "closed",
            "detected_at": BEGAN * 1000,
            "resolved_at": BEGAN * 1000,
            "evidence": "rest",
            "proof": "rest",
        }

    def _gap_message(self, gap: Value) -> Message:
        value = {name: stated for name, stated in gap.items() if name != "key"}
        return Message(self.stream.ledger_topic, 0, 0, 1, gap["key"].encode(), json.dumps(value).encode(), ())

    def _gap_point(self, gap: Value) -> Point:
        _, symbol, interval, _ = gap["key"].split("|")
        fields = {name: value for name, value in gap.items() if name not in {"key", "schema", "from"}}
        return Point(gap["from"], self.stream.tags(Series(symbol, interval)), fields)

    def _prepare_points(self, series: Series, topics: Topics) -> None:
        published, tags = topics.newest[series], self.stream.tags(series)
        self.raw.extend(Point(time, tags, wanted_fields(published[time], simulated=True)) for time in sorted(published))
        columns = columns_of(series.interval, published, BEGAN)
        due = expected(self.stream.indicators, columns, adjoins(columns), simulated=True)
        self.enriched.extend(Point(time, tags, due.fields(at)) for time, at in due.place.items())


def _never(_: Series, __: int) -> bool:
    return False


def _line(measurement: str, point: Point) -> str:
    tags = ",".join(f"{name}={value}" for name, value in point.tags.items())
    return line(measurement, tags, point.fields, point.time)


Break = Callable[[JudgedStream], None]
