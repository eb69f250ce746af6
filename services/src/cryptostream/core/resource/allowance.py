"""How old the newest stored candle of a series may be. Pure."""

from collections.abc import Mapping
from typing import Final

from cryptostream.core.market.interval import INTERVALS, SECOND, Millis
from cryptostream.core.resource.spec import Objectives

PUSH_DELAY: Final[Mapping[str, Millis]] = {"1s": 1 * SECOND}
"""How long the exchange takes to push a closed candle; 2 s where nothing is said."""
_LONGEST_MONTH: Final = 31 * 86_400 * SECOND


def allowance(objectives: Objectives, interval: str) -> Millis:
    """How long after its close a candle has to be stored."""
    delay = PUSH_DELAY.get(interval, 2 * SECOND)
    return max(objectives.freshness_seconds * SECOND, delay) + delay


def freshness_limit(objectives: Objectives, interval: str) -> Millis:
    """Above this freshness the next candle of a series is late."""
    grid = INTERVALS[interval]
    return (_LONGEST_MONTH if grid.is_month else grid.step) + allowance(objectives, interval)
