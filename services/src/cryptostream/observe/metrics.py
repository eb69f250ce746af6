"""The metrics of one running stream, in a registry of their own. Counts only: it decides nothing.

Shells call a method per thing that happened; `catalogue.py` says what each metric means. All methods
may be called from any thread. Process figures (resident memory, CPU, open files) come with the
registry as `cryptostream_process_…`.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from cryptostream import __version__
from cryptostream.core.codec.metric import PREFIX
from cryptostream.core.codec.status import ExchangeStatus
from cryptostream.core.market.candle import Lane
from cryptostream.core.market.gap import CAUSES, Cause
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.reject import Reason
from cryptostream.core.market.series import Series
from cryptostream.core.ports import ExchangeFault, Place
from cryptostream.core.resource.allowance import freshness_limit
from cryptostream.core.resource.spec import Objectives
from cryptostream.observe.instruments import Labelled, counters, gauges, histograms

Stage = Literal["decode", "validate", "store"]
STAGES: tuple[Stage, ...] = ("decode", "validate", "store")
Part = Literal["log", "store"]
PARTS: tuple[Part, ...] = ("log", "store")


class Metrics:
    """What happened, counted.

    Parameters
    ----------
    stream
        `<namespace>.<name>`.
    now
        Exchange time in ms. Freshness is computed when it is asked for, so that it grows while nothing arrives.
    """

    def __init__(self, stream: str, now: Callable[[], Millis], *, simulated: bool) -> None:
        self._registry = CollectorRegistry()
        self._page = Labelled(self._registry, {"stream": stream})
        self._now = now
        self._newest: dict[Series, Millis] = {}
        self._held: frozenset[Place] = frozenset()
        self._causes: set[tuple[Series, Cause]] = set()
        self._markets: frozenset[str] = frozenset()
        self._counters = counters(self._registry)
        self._gauges = gauges(self._registry)
        self._histograms = histograms(self._registry)
        ProcessCollector(namespace=PREFIX, registry=self._registry)
        self._gauges["run_info"].labels(str(simulated).lower(), __version__).set(1)
        self._gauges["threads"].set_function(threading.active_count)
        self._waits: dict[Part, Millis] = {}
        for part in PARTS:
            self._gauges["waiting_seconds"].labels(part).set_function(partial(self._waited, part))
        for stage in STAGES:  # from 0 on, so that the first one is seen as an increase
            self._counters["dead_letters"].labels(stage)
        for fault in ("ok", *get_args(ExchangeFault)):
            self._counters["fetches"].labels(fault)

    def render(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._page)

    # ------------------------------------------------------------ candles

    def published(self, series: Series, lane: Lane, candles: int = 1) -> None:
        self._count("candles", *_labels(series), "published", lane, by=candles)

    def stored(self, series: Series, candles: int = 1, latencies: Iterable[float] = ()) -> None:
        """`latencies`: seconds from close to stored, of those that came by the live lane."""
        self._count("candles", *_labels(series), "stored", "stored", by=candles)
        for seconds in latencies:
            self._histograms["close_to_stored_seconds"].labels(series.interval).observe(seconds)

    def stored_before(self, series: Series, candles: int = 1) -> None:
        """Read from the log although this (candle, revision) was already stored."""
        self._count("candles", *_labels(series), "stored", "duplicate", by=candles)

    def dead_lettered(self, stage: Stage, reason: Reason, series: Series | None = None) -> None:
        """`series` None: the record does not say, or is not trusted to say, which."""
        self._count("dead_letters", stage)
        self._count("rejects", reason)
        if series is not None:
            self._count("candles", *_labels(series), "refused", stage)

    def rejected(self, reason: Reason) -> None:
        """A frame or a row of the exchange was no candle."""
        self._count("rejects", reason)

    def duplicates_dropped(self, series: Series, candles: int = 1) -> None:
        self._count("duplicates_dropped", *_labels(series), by=candles)

    def restated(self, series: Series, candles: int = 1) -> None:
        self._count("restatements", *_labels(series), by=candles)

    def chain_broken(self, series: Series) -> None:
        self._count("trade_chain_breaks", *_labels(series))

    def rollup_mismatched(self, series: Series) -> None:
        self._count("rollup_mismatches", *_labels(series))

    # ------------------------------------------------------------ state of a series

    def newest(self, series: Series, close_time: Millis) -> None:
        """The newest stored candle closed at `close_time` (ms): freshness counts from there."""
        if series not in self._newest:
            gauge = self._gauges["freshness_seconds"].labels(*_labels(series))
            gauge.set_function(partial(self._freshness, series))
        self._newest[series] = close_time

    def newest_only(self, close_times: Mapping[Series, Millis]) -> None:
        """The same of all series that are held; others are forgotten."""
        for series in [each for each in tuple(self._newest) if each not in close_times]:
            self.forget(series)
        for series, close_time in close_times.items():
            self.newest(series, close_time)

    def completeness(self, series: Series, expected: int, there: int) -> None:
        """Nothing expected is complete."""
        self._gauges["expected_candles"].labels(*_labels(series)).set(expected)
        self._gauges["completeness_ratio"].labels(*_labels(series)).set(there / expected if expected else 1.0)

    def gaps(self, series: Series, candles: Mapping[Cause, int]) -> None:
        """All gaps of `series` as they stand; a cause left out has none."""
        for cause in CAUSES:
            if cause == "pending" or cause in candles or (series, cause) in self._causes:
                self._causes.add((series, cause))
                self._gauges["gap_candles"].labels(*_labels(series), cause).set(candles.get(cause, 0))

    def objectives(self, objectives: Objectives, intervals: Iterable[str]) -> None:
        """What the stream promises."""
        self._gauges["completeness_objective_ratio"].set(float(objectives.completeness_percent / 100))
        for interval in intervals:
            limit = freshness_limit(objectives, interval) / 1000
            self._gauges["freshness_limit_seconds"].labels(interval).set(limit)

    def history_left(self, candles: int) -> None:
        self._gauges["history_left_candles"].set(candles)

    def markets(self, words: Mapping[str, str]) -> None:
        """The exchange's word for the market of each symbol that is followed now."""
        gauge = self._gauges["market_trading"]
        for symbol in self._markets - words.keys():
            gauge.remove(symbol)
        for symbol, word in words.items():
            gauge.labels(symbol).set(word == "TRADING")
        self._markets = frozenset(words)

    def forget(self, series: Series) -> None:
        """Drop the state of a series that is no longer followed; what was counted stays."""
        self._newest.pop(series, None)
        self._causes -= {(series, cause) for cause in CAUSES}
        names = {"symbol": series.symbol, "interval": series.interval}
        for gauge in ("freshness_seconds", "expected_candles", "completeness_ratio", "gap_candles"):
            self._gauges[gauge].remove_by_labels(names)

    # ------------------------------------------------------------ exchange and log

    def waits(self, part: Part | None, since: Millis) -> None:
        """`part` has not answered since then (ms); None: all do."""
        self._waits = {} if part is None else {part: since}

    def expired(self, series: Series, candles: int) -> None:
        """Candles were published and are not there: the log deleted them before they were read."""
        self._count("expired_candles", *_labels(series), by=candles)

    def unaccounted(self, records: int) -> None:
        """So many records were read, or dealt with, that the counts do not explain."""
        self._gauges["unaccounted_records"].set(records)

    def fetched(self, outcome: str = "ok") -> None:
        """`outcome`: ok, or an `ExchangeFault`."""
        self._count("fetches", outcome)

    def exchange(
        self,
        *,
        weight_used: int | None = None,
        weight_limit: int | None = None,
        clock_offset: Millis | None = None,
        banned_until: Millis | None = None,
    ) -> None:
        """What is known of the exchange; None leaves a figure as it was, `banned_until` 0 (ms) lifts a ban."""
        known = {
            "exchange_weight_used": weight_used,
            "exchange_weight_limit": weight_limit,
            "exchange_clock_offset_seconds": None if clock_offset is None else clock_offset / 1000,
            "exchange_banned_until_seconds": None if banned_until is None else banned_until / 1000,
        }
        for name, value in known.items():
            if value is not None:
                self._gauges[name].set(value)

    def exchange_status(self, status: ExchangeStatus) -> None:
        """How the exchange treats this address; the clock's offset is told when it is measured."""
        self.exchange(
            weight_used=status.weight_used, weight_limit=status.weight_limit, banned_until=status.banned_until or 0
        )
        self.connections(status.connections)

    def connections(self, count: int) -> None:
        self._gauges["connections"].set(count)

    def backlog(self, records: Callable[[], int]) -> None:
        """`records` is asked for the log's unread records whenever metrics are rendered."""
        self._gauges["log_backlog_records"].set_function(records)

    def lags(self, records: Mapping[Place, int]) -> None:
        """Records behind, of each partition that is held now."""
        gauge = self._gauges["log_lag_records"]
        for topic, partition in self._held - records.keys():
            gauge.remove(topic, str(partition))
        for (topic, partition), behind in records.items():
            gauge.labels(topic, str(partition)).set(behind)
        self._held = frozenset(records)

    def records_read(self, records: int) -> None:
        self._count("log_records_read", by=records)
        self._histograms["log_batch_records"].observe(records)

    def rebalanced(self, kind: str) -> None:
        """`kind`: assigned, revoked or lost."""
        self._count("log_rebalances", kind)

    def offsets_committed(self) -> None:
        self._count("log_commits")

    def range_expired(self, place: Place) -> None:
        self._count("log_ranges_expired", place[0])

    def transaction(self, outcome: str, seconds: float) -> None:
        """`outcome`: committed, aborted or failed."""
        self._count("transactions", outcome)
        self._histograms["transaction_seconds"].observe(seconds)

    def ledger_read(self, records: int, seconds: float) -> None:
        self._gauges["ledger_read_records"].set(records)
        self._gauges["ledger_read_seconds"].set(seconds)

    def store_asked(self, path: str, outcome: str, seconds: float) -> None:
        """`outcome`: done, an HTTP status, or unreachable."""
        self._count("store_requests", path, outcome)
        self._histograms["store_request_seconds"].labels(path).observe(seconds)

    def store_wrote(self, bucket: str, points: int, size: int) -> None:
        """Points that the store has taken, in a request of `size` bytes."""
        self._count("store_points", bucket, by=points)
        self._histograms["store_batch_points"].labels(bucket).observe(points)
        self._count("store_bytes", bucket, by=size)

    def store_deleted(self, bucket: str) -> None:
        self._count("store_deletions", bucket)

    def reachable(self, part: Part, *, reachable: bool) -> None:
        self._gauges["reachable"].labels(part).set(reachable)

    def generation(self, generation: int) -> None:
        """The assignment that is followed."""
        self._gauges["assignment_generation"].set(generation)

    # ------------------------------------------------------------ inside

    def _count(self, name: str, *labels: str, by: int = 1) -> None:
        counter = self._counters[name]
        (counter.labels(*labels) if labels else counter).inc(by)

    def _freshness(self, series: Series) -> float:
        now = self._now()
        return (now - self._newest.get(series, now)) / 1000

    def _waited(self, part: Part) -> float:
        return (self._now() - self._waits[part]) / 1000 if part in self._waits else 0.0


def _labels(series: Series) -> tuple[str, str]:
    return series.symbol, series.interval
