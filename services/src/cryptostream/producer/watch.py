"""Looks after what is not candles: the exchange's clock and the status of its markets. Runs beside the fetches."""

from cryptostream.core.result import Err
from cryptostream.core.stream.series_state import Status
from cryptostream.producer.edges import Edges, Job
from cryptostream.producer.fetcher import Answer

DELISTED = "DELISTED"


class Watch:
    """Measures and asks once when told to; never raises for a fault of the exchange."""

    def __init__(self, job: Job, edges: Edges, answer: Answer) -> None:
        self._job = job
        self._edges = edges
        self._answer = answer

    def clock(self) -> None:
        """Measure how far the exchange's clock is from ours."""
        measured = self._edges.urgent.clock_offset()
        if isinstance(measured, Err):
            self._edges.log.warning("clock_unknown", detail=measured.error.detail)
            return
        moved = measured.value - self._edges.clock.offset
        if abs(moved) > 1000:
            self._edges.log.warning("clock_moved", by_ms=moved)
        self._edges.clock.offset = measured.value
        self._edges.observer.exchange(clock_offset=measured.value)

    def markets(self) -> None:
        """Ask for the status of every market; one that the exchange no longer knows is delisted."""
        known = self._edges.background.symbols(self._job.symbols)
        if isinstance(known, Err):
            self._edges.log.warning("markets_unknown", detail=known.error.detail)
            return
        for series in self._job.starts:
            info = known.value.get(series.symbol)
            self._answer(series, Status(DELISTED if info is None else info.status))
