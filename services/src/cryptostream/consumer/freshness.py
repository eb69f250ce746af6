"""How fresh live candles were when they were stored: a histogram of bounded size. Pure."""

import math
from collections.abc import Iterable, Mapping

import msgspec

from cryptostream.core.market.interval import Millis

RESOLUTION = 100
"""Classes per factor e: percentiles are right within one per cent."""


class Percentiles(msgspec.Struct, frozen=True):
    """In seconds; None without a sample."""

    p50: float | None = None
    p99: float | None = None


def added(classes: Mapping[int, int], ages: Iterable[Millis]) -> dict[int, int]:
    """`classes` (class → number of samples) with `ages`; one below zero, of a clock that is behind, counts as zero."""
    counts = dict(classes)
    for age in ages:
        number = math.floor(math.log1p(max(0, age)) * RESOLUTION)
        counts[number] = counts.get(number, 0) + 1
    return counts


def percentiles(classes: Mapping[int, int]) -> Percentiles:
    """The median and the 99th percentile, by nearest rank."""
    return Percentiles(_percentile(classes, 0.5), _percentile(classes, 0.99)) if classes else Percentiles()


def _percentile(classes: Mapping[int, int], share: float) -> float:
    left = math.ceil(share * sum(classes.values()))
    for number in sorted(classes):
        left -= classes[number]
        if left <= 0:
            return round(math.expm1((number + 0.5) / RESOLUTION) / 1000, 4) if number else 0.0
    raise ValueError("no sample: there is no percentile")
