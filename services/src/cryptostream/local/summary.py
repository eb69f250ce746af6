"""The summary of a run, for machines: what was expected, what is there, and what is missing and why. Pure."""

from typing import Any

import msgspec

from cryptostream.core.market.gap import Cause
from cryptostream.local.view import SeriesView, StreamView


def summary(view: StreamView, *, simulated: bool) -> bytes:
    """The JSON of `--summary`; freshness is null for a series without a live candle."""
    gaps: dict[Cause, int] = {}
    for each in view.series:
        for cause, candles in each.gaps.items():
            gaps[cause] = gaps.get(cause, 0) + candles
    document = {
        "simulated": simulated,
        "series": [_series(each) for each in view.series],
        "totals": {
            "expected": sum(each.expected for each in view.series),
            "persisted": view.stored,
            "duplicates": sum(each.duplicates for each in view.series),
            "dead_lettered": sum(each.dead_lettered for each in view.series),
            "gaps": gaps,
        },
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _series(view: SeriesView) -> dict[str, Any]:
    return {
        "symbol": view.series.symbol,
        "interval": view.series.interval,
        "expected": view.expected,
        "persisted": view.stored,
        "duplicates": view.duplicates,
        "dead_lettered": view.dead_lettered,
        "gaps": dict(view.gaps),
        "freshness_seconds": {"p50": view.freshness.p50, "p99": view.freshness.p99},
    }
