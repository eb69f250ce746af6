"""What a well-formed spec may still get wrong, as a list of small checks; all of them run. Pure."""

from collections.abc import Callable

from cryptostream.core.market.interval import INTERVALS, SECOND
from cryptostream.core.resource.history import history_candles, poll_seconds
from cryptostream.core.resource.spec import Fault, StreamSpec

STREAMS_PER_CONNECTION = 1024
MOST_CONNECTIONS = 100
KLINES_WEIGHT = 2
WEIGHT_SHARE = 4800
"""80 % of the 6000 a minute that the exchange allows an address."""


def faults(spec: StreamSpec) -> tuple[Fault, ...]:
    """Every fault of `spec`."""
    return tuple(found for check in _CHECKS for found in check(spec))


def _retention(spec: StreamSpec) -> tuple[Fault, ...]:
    if spec.kafka is None:
        return ()
    retention = spec.kafka.topics.retention_seconds
    history = spec.source.history.seconds
    if history is None or retention >= history:
        return ()
    message = f"must not be shorter than the history of {history} s, not {retention}"
    return (Fault("spec.kafka.topics.retentionSeconds", message, "raise it, or shorten spec.source.history"),)


def _window(spec: StreamSpec) -> tuple[Fault, ...]:
    """History that is given and shorter than what the indicators need would leave them cold."""
    seconds = spec.source.history.seconds
    if seconds is None or not spec.indicators:
        return ()
    shortest = min(INTERVALS[name].step for name in spec.intervals) // SECOND
    needed = history_candles(spec) * shortest
    if spec.kafka is not None and spec.kafka.topics.retention_seconds < needed:
        message = f"must hold the largest indicator window, {needed} s of the shortest interval"
        return (Fault("spec.kafka.topics.retentionSeconds", message, "raise it"),)
    return ()


def _replicas(spec: StreamSpec) -> tuple[Fault, ...]:
    if spec.kafka is None:
        return ()
    partitions = spec.kafka.topics.partitions
    found = []
    if spec.autoscaling is None and spec.consumer_replicas > partitions:
        message = f"must not be above the {partitions} partitions, not {spec.consumer_replicas}"
        found.append(Fault("spec.consumer.replicas", message, "lower it: the rest would have nothing to read"))
    if spec.autoscaling is not None and spec.autoscaling.max_replicas > partitions:
        message = f"must not be above the {partitions} partitions, not {spec.autoscaling.max_replicas}"
        found.append(Fault("spec.consumer.autoscaling.maxReplicas", message, "lower it, or raise the partitions"))
    return tuple(found)


def _streams(spec: StreamSpec) -> tuple[Fault, ...]:
    series = len(spec.symbols) * len(spec.intervals)
    most = STREAMS_PER_CONNECTION * MOST_CONNECTIONS
    if spec.source.mode == "Auto" and series > most:
        return (Fault("spec.intervals", f"must give at most {most} series, not {series}", "split the stream"),)
    return ()


def _polling(spec: StreamSpec) -> tuple[Fault, ...]:
    if spec.source.mode != "Rest":
        return ()
    series = len(spec.symbols) * len(spec.intervals)
    period = poll_seconds(spec)
    weight = series * KLINES_WEIGHT * 60 / period
    if weight <= WEIGHT_SHARE:
        return ()
    needed = -(-series * KLINES_WEIGHT * 60 // WEIGHT_SHARE)
    message = f"must be at least {needed} for {series} series: {period} would cost {weight:.0f} weight a minute"
    return (
        Fault("spec.source.pollSeconds", message, f"raise it (an address may use {WEIGHT_SHARE}), or use mode Auto"),
    )


_CHECKS: tuple[Callable[[StreamSpec], tuple[Fault, ...]], ...] = (_retention, _window, _replicas, _streams, _polling)
