"""Figures of the recent past: ages of live candles, and the rate of storing. In memory, for many threads."""

from collections import deque
from collections.abc import Mapping
from threading import Lock

from cryptostream.consumer.freshness import added
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.stream.consumer_state import Outcome

SPAN = 10.0
"""Seconds over which the rate is taken."""
MOST = 512
"""Points of the rate that are kept."""


class Tally:
    """Written by the consumer, read by whoever shows it; times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ages: dict[Series, dict[int, int]] = {}
        self._points = deque[tuple[float, int]](maxlen=MOST)

    def add(self, outcome: Outcome, ages: Mapping[Series, tuple[Millis, ...]], at: float) -> None:
        """Count a batch that was stored at `at`, with the `ages` (ms) of its live candles."""
        with self._lock:
            for series, each in ages.items():
                self._ages[series] = added(self._ages.get(series, {}), each)
            self._points.append((at, sum(counts.stored for counts in outcome.counts.values())))

    def read(self, at: float) -> tuple[dict[Series, dict[int, int]], float]:
        """Classes of ages by series, as `freshness` counts them, and candles stored per second until `at`."""
        with self._lock:
            recent = [(since, count) for since, count in self._points if since > at - SPAN]
            began = recent[0][0] if len(self._points) == MOST and recent else at - SPAN
            return dict(self._ages), sum(count for _, count in recent) / max(at - began, 0.1)
