"""Mode `Rest`: polling cycles, one log line each (cycle 1 done in 0.45 s, 4 messages). Used by one thread."""

import time

from cryptostream.core.market.interval import SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.stream.series_state import Event, Fetch, Fetched, FetchFailed
from cryptostream.producer.edges import Edges, Job


class Cycles:
    """Counts cycles and what they brought; one is done when its questions are answered and published."""

    def __init__(self, job: Job, edges: Edges) -> None:
        self._job = job
        self._edges = edges
        self._open: set[Series] = set()
        self._began: float | None = None
        self._messages = 0
        self.done = 0

    def begin(self, now: Millis) -> Millis:
        """A cycle begins; returns when the next one does (exchange time)."""
        self._began, self._messages = time.monotonic(), 0
        self._open.clear()
        return now + (self._job.poll_seconds or 1) * SECOND

    def asked(self, series: Series, fetch: Fetch) -> None:
        """A question of this cycle."""
        if fetch.purpose == "live":
            self._open.add(series)

    def answered(self, series: Series, event: Event) -> None:
        """The step has dealt with an answer."""
        if isinstance(event, Fetched | FetchFailed) and event.purpose == "live":
            self._open.discard(series)

    def forget(self, series: Series) -> None:
        """A series is no longer asked for."""
        self._open.discard(series)

    def published(self, candles: int) -> None:
        """Candles reached the log."""
        self._messages += candles

    def finish(self) -> None:
        """Tell of the cycle once nothing of it is open."""
        if self._began is None or self._open:
            return
        self.done += 1
        seconds = round(time.monotonic() - self._began, 2)
        self._edges.log.info("cycle_done", cycle=self.done, seconds=seconds, messages=self._messages)
        self._began = None
