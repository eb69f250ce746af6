"""Looks after what is not candles: the exchange's clock and the status of its markets. Runs beside the fetches."""

from collections.abc import Callable

from cryptostream.core.market.interval import Millis
from cryptostream.core.result import Err
from cryptostream.core.stream.series_state import Status
from cryptostream.producer.edges import Edges, Job
from cryptostream.producer.fetcher import Answer

DELISTED = "DELISTED"
MOVED: Millis = 1000
"""A clock that has moved more than this, beyond what the measurements may be wrong by, is worth a warning."""


class Watch:
    """Measures and asks once when told to; never raises for a fault of the exchange."""

    def __init__(self, job: Callable[[], Job], edges: Edges, answer: Answer) -> None:
        self._job = job
        self._edges = edges
        self._answer = answer
        self._error: Millis | None = None

    def clock(self) -> None:
        """Measure how far the exchange's clock is from ours.

        The answer may have been made at any time between question and receipt. On a clock that runs fast, that is
        long: what the two last measurements can be wrong by is no movement, and changes nothing.
        """
        asked = self._edges.clock.now()
        measured = self._edges.urgent.clock_offset()
        if isinstance(measured, Err):
            self._edges.log.warning("clock_unknown", detail=measured.error.detail)
            return
        error = (self._edges.clock.now() - asked + 1) // 2
        moved = measured.value - self._edges.clock.offset
        explained = error + (self._error or 0)
        if self._error is not None and abs(moved) > MOVED + explained:
            self._edges.log.warning("clock_moved", by_ms=moved)
        if self._error is None or error < self._error or abs(moved) > explained:
            self._error, self._edges.clock.offset = error, measured.value
        self._edges.observer.exchange(clock_offset=self._edges.clock.offset)

    def markets(self) -> None:
        """Ask for the status of every market; one that the exchange no longer knows is delisted."""
        job = self._job()
        known = self._edges.background.symbols(job.symbols)
        if isinstance(known, Err):
            self._edges.log.warning("markets_unknown", detail=known.error.detail)
            return
        for series in job.starts:
            info = known.value.get(series.symbol)
            self._answer(series, Status(DELISTED if info is None else info.status))
