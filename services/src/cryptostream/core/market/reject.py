"""Why something is no candle. Every reject has a reason code from this list. Pure."""

from typing import Literal

import msgspec

Reason = Literal[
    "malformed",  # not JSON, or not of the shape it must have
    "newer_schema",  # a record of a schema this version does not know
    "unknown_interval",
    "unknown_symbol",
    "not_closed",  # a candle still in progress
    "bad_number",  # a decimal that is none, not finite, or missing
    "negative",  # a price, volume or count below what it can be
    "inconsistent",  # open, high, low and close contradict one another
    "off_grid",  # the open time is not on the grid of the interval
    "bad_close_time",
    "too_early",  # before the listing
    "in_future",  # beyond the clock plus the tolerated skew
    "bad_trade_ids",
    "aberrant_move",
    "store_refused",
]


class Rejected(msgspec.Struct, frozen=True):
    """A reason code for machines and a detail for people."""

    reason: Reason
    detail: str
