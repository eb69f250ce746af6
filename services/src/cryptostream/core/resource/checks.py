"""What only the parts of a spec together can get wrong. Pure.

A check is made if everything that it reads is free of faults.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Final

from cryptostream.core.market.interval import INTERVALS, SECOND, Millis
from cryptostream.core.resource import budget
from cryptostream.core.resource.fields import Faults
from cryptostream.core.resource.history import history_start, poll_seconds, shortest_interval, window_seconds
from cryptostream.core.resource.spec import Fault, KafkaTopics, StreamSpec
from cryptostream.core.resource.store_spec import StoreSpec

LONGEST_FETCH: Final = 30 * 24 * 60
"""Minutes that fetching the history may take."""


@dataclass(frozen=True, slots=True)
class Check:
    """Looks for faults at exchange time `now`, if that is known; `reads` are the paths of the fields it depends on."""

    find: Callable[[StreamSpec, Millis | None], Iterable[Fault]]
    reads: tuple[str, ...]


def found(spec: StreamSpec, now: Millis | None, known: Faults) -> Faults:
    """Every fault of the whole that can be judged in spite of the faults `known` already."""
    blurred = [fault.path for fault in known]
    sound = (check for check in _CHECKS if not any(_touch(a, b) for a in check.reads for b in blurred))
    return tuple(fault for check in sound for fault in check.find(spec, now))


def store_faults(spec: StreamSpec, store: StoreSpec, now: Millis) -> Faults:
    """What keeps `store` from holding the stream: what is older than its retention, it refuses."""
    history = max((now - history_start(spec, name, now)) // SECOND for name in spec.intervals)
    window = max(window_seconds(spec, name)[0] for name in spec.intervals)
    needed = (("raw", store.buckets.raw, max(history, window)), ("enriched", store.buckets.enriched, history))
    return tuple(
        Fault(
            "spec.storeRef.name",
            f"must keep {role} points for {seconds} s: CandleStore {store.name} does for {bucket.retention_seconds}",
            f"raise spec.buckets.{role}.retentionSeconds of the CandleStore, or ask for less history",
        )
        for role, bucket, seconds in needed
        if bucket.retention_seconds is not None and bucket.retention_seconds < seconds
    )


def _touch(one: str, other: str) -> bool:
    """Whether one of two paths is, or lies within, the other."""
    short, long = sorted((one, other), key=len)
    return long == short or (long.startswith(short) and long[len(short)] in ".[")


def _future(spec: StreamSpec, now: Millis | None) -> Iterator[Fault]:
    start = spec.source.history.start_time
    if start is not None and now is not None and start > now:
        moment = datetime.fromtimestamp(start / 1000, UTC)
        message = f"must not be in the future: {moment:%Y-%m-%dT%H:%M:%SZ}"
        yield Fault("spec.source.history.startTime", message, "choose an earlier time, or leave history out")


def _retention(spec: StreamSpec, now: Millis | None) -> Iterator[Fault]:
    """Topics keep the declared history: what is published of it can be read again."""
    needed, window = _history_seconds(spec, now), _window(spec)[0]
    if needed > _given_retention(spec) and needed >= window:
        yield _too_short(spec, needed, "spec.source.history")


def _retention_of_windows(spec: StreamSpec, now: Millis | None) -> Iterator[Fault]:
    """Topics keep an indicator's window; of longer intervals, windows come from the store alone."""
    needed, name = _window(spec)
    if needed > max(_given_retention(spec), _history_seconds(spec, now)):
        yield _too_short(spec, needed, f"the window of indicator {name}")


def _window(spec: StreamSpec) -> tuple[int, str]:
    return window_seconds(spec, shortest_interval(spec)) if spec.intervals else (0, "")


def _history_seconds(spec: StreamSpec, now: Millis | None) -> int:
    history = spec.source.history
    since = (now - history.start_time) // SECOND if history.start_time and now else 0
    return history.seconds or since


def _given_retention(spec: StreamSpec) -> float:
    """The retention that is declared; without one it is made long enough."""
    return (spec.kafka.topics.retention_seconds if spec.kafka else None) or inf


def _too_short(spec: StreamSpec, needed: int, why: str) -> Fault:
    message = f"must be at least {needed}, as long as {why}, not {_given_retention(spec)}"
    return Fault(_RETENTION, message, f"write {needed} or more, or ask for less")


def _replicas(spec: StreamSpec, _: Millis | None) -> Iterator[Fault]:
    partitions = (spec.kafka.topics if spec.kafka else KafkaTopics()).partitions
    scaling = spec.autoscaling
    most = spec.consumer_replicas if scaling is None else scaling.max_replicas
    if most > partitions:
        path = "spec.consumer.replicas" if scaling is None else "spec.consumer.autoscaling.maxReplicas"
        message = f"must not be above spec.kafka.topics.partitions, which is {partitions}, not {most}"
        yield Fault(path, message, "lower it: more replicas than partitions have nothing to read")


def _series(spec: StreamSpec, _: Millis | None) -> Iterator[Fault]:
    count, most = budget.series_count(spec), budget.STREAMS_PER_CONNECTION * budget.MOST_CONNECTIONS
    if spec.source.mode == "Auto" and count > most:
        made = f"{len(spec.symbols)} symbols by {len(spec.intervals)} intervals are {count} series"
        limit = f"{budget.MOST_CONNECTIONS} connections of {budget.STREAMS_PER_CONNECTION} streams carry {most}"
        yield Fault("spec.intervals", f"must not need more streams than an address may use: {made}, {limit}", _LESS)


def _polling(spec: StreamSpec, _: Millis | None) -> Iterator[Fault]:
    mean, cycle, period = budget.polling_weight(spec), budget.cycle_weight(spec), poll_seconds(spec)
    if spec.source.mode == "Rest" and max(mean, cycle) > budget.WEIGHT_SHARE:
        cost = f"{mean} weight a minute" if mean >= cycle else f"{cycle} weight in a cycle"
        made = f"{budget.series_count(spec)} series every {period} s cost {cost}"
        message = f"must fit into the {budget.WEIGHT_SHARE} weight a minute that an address may use: {made}"
        slower = "raise it, leave 1s out, or use mode Auto" if mean >= cycle else _LESS
        yield Fault("spec.source.pollSeconds", message, slower)


def _history(spec: StreamSpec, now: Millis | None) -> Iterator[Fault]:
    if now is None and spec.source.history.start_time is not None:
        return
    cost = budget.history_cost(spec, now or _SOME_TIME)
    if cost.minutes > LONGEST_FETCH:
        figures = f"{cost.calls} calls cost {cost.weight} weight, {cost.minutes // 1440} days"
        message = f"must be fetched within 30 days at {budget.HISTORY_SHARE} weight a minute: {figures}"
        yield Fault("spec.source.history", message, "ask for less history, or name fewer symbols or intervals")


_LESS: Final = "name fewer symbols or intervals, or spread them over streams with addresses of their own"
_SOME_TIME: Final = INTERVALS["1M"].open_at(12 * 60)
_RETENTION: Final = "spec.kafka.topics.retentionSeconds"
_MARKETS: Final = ("spec.coins", "spec.symbols", "spec.intervals")
_CHECKS: Final = (
    Check(_future, ("spec.source.history",)),
    Check(_retention, (_RETENTION, "spec.source.history")),
    Check(_retention_of_windows, (_RETENTION, "spec.source.history", "spec.intervals", "spec.indicators")),
    Check(_replicas, ("spec.kafka.topics.partitions", "spec.consumer.replicas", "spec.consumer.autoscaling")),
    Check(_series, (*_MARKETS, "spec.source.mode")),
    Check(_polling, (*_MARKETS, "spec.source.mode", "spec.source.pollSeconds")),
    Check(_history, (*_MARKETS, "spec.source.history", "spec.indicators")),
)
