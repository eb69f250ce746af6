"""What the exchange has against what Kafka and InfluxDB hold of a `ServiceWorld`, as far as its candles have closed."""

import json
from collections import Counter

from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.resource.history import history_start
from cryptostream.simulator.simulator import Simulator
from tests.support.parts.influx import Row
from tests.support.service_world import ServiceWorld

Found = dict[Series, dict[Millis, Row]]


def stored(world: ServiceWorld, bucket: str) -> Found:
    """The points of candles in a bucket, by series and open time."""
    found: Found = {}
    for row in world.influx.points(bucket):
        if row["_measurement"] in {"candle", "indicators"}:
            series = Series(str(row["symbol"]), str(row["interval"]))
            found.setdefault(series, {})[int(row["_time"] or 0)] = row
    return found


def lacking(world: ServiceWorld, simulator: Simulator, upto: Millis) -> list[str]:
    """What is not as the exchange has it of candles that had closed at `upto`, in words; empty if all is well."""
    raw, enriched = stored(world, world.plan.raw.bucket), stored(world, world.plan.enriched.bucket)
    faults = []
    for series in world.series:
        if series not in raw:
            faults.append(f"{series}: nothing is stored")
            continue
        truth = {row.open_time: row.close for row in simulator.truth(series, min(raw[series]), upto)}
        kept = {at: row for at, row in raw[series].items() if at <= max(truth, default=0)}
        if not truth or set(kept) != set(truth):
            faults.append(f"{series}: {len(kept)} of {len(truth)} candles, not {sorted(set(truth) - set(kept))[:5]}")
        elif wrong := [at for at, close in truth.items() if kept[at]["close"] != float(close)]:
            faults.append(f"{series}: wrong at {wrong[:5]}")
        if missing := set(truth) - set(enriched.get(series, {})):
            faults.append(f"{series}: not enriched at {sorted(missing)[:5]}")
    return faults


def begins_in_time(world: ServiceWorld, began: Millis) -> list[str]:
    """Series of which history does not go back as far as it must, for a stream that began then."""
    raw = stored(world, world.plan.raw.bucket)
    starts = {series: history_start(world.spec, series.interval, began) for series in world.series}
    return [
        f"{series} does not begin at {start}, or one candle later"
        for series, start in starts.items()
        if min(raw.get(series, {began: None})) > start + INTERVALS[series.interval].step
    ]


def published_twice(world: ServiceWorld) -> list[str]:
    """Candles of which a `read_committed` reader sees a revision more than once."""
    topics = [topic.name for topic in world.plan.topics if ".prices-" in topic.name]
    values = [json.loads(message.value() or b"") for name in topics for message in world.kafka.admin.read(name)]
    seen = Counter((v["symbol"], v["interval"], v["open_time"], v["revision"]) for v in values)
    return [f"{key} {times} times" for key, times in seen.items() if times > 1]
