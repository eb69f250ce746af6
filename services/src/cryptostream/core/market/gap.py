"""The gap ledger's values: what is missing from a series, since when and why. Pure.

A gap is a run of grid open times that are not published. It is never filled with invented candles:
it is repaired from the exchange, or proved to be absent there too, or named as pending.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series

Cause = Literal["pending", "exchange_outage", "before_listing", "delisted", "expired", "blocked"]
CAUSES: tuple[Cause, ...] = ("pending", "exchange_outage", "before_listing", "delisted", "expired", "blocked")
ABSENT_CAUSES: frozenset[Cause] = frozenset({"exchange_outage", "before_listing", "delisted"})
"""Causes which say that the exchange itself has no candle: these open times are not expected."""

BY_CONSUMER = "consumer"
"""Evidence of a gap that a consumer has named: a range that expired before it was read. It is an entry of its own,
whatever gap of the producer's begins at the same open time."""

GapState = Literal["open", "closed"]
Proof = Literal["trade_ids", "rest", "none"]


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A run of `candles` open times from `start` to `end`, both included.

    `state` is open while something is still to be fetched; a closed gap was repaired (cause `pending`)
    or proved absent (a cause of `ABSENT_CAUSES`). `evidence` says where the decision came from.
    """

    series: Series
    start: Millis
    end: Millis
    candles: int
    cause: Cause
    state: GapState
    detected_at: Millis
    resolved_at: Millis | None = None
    evidence: str | None = None
    proof: Proof = "none"


def open_candles(gaps: Mapping[Cause, int]) -> int:
    """Of candles missing by cause, those that the exchange may still have."""
    return sum(candles for cause, candles in gaps.items() if cause not in ABSENT_CAUSES)
