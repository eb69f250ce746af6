"""Asks the exchange on behalf of the step, in a few threads; each question gets exactly one answer."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event as Flag
from typing import Final

from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import empty_table
from cryptostream.core.ports import Exchange, ExchangeError, KlinePage
from cryptostream.core.result import Err, Ok
from cryptostream.core.stream.series_state import Event, Fetch, Fetched, FetchFailed, Purpose
from cryptostream.producer.edges import Edges

URGENT: Final = frozenset({"live", "repair"})
THREADS: Final = {"live": 3, "repair": 2, "background": 2, "chores": 1}
"""Live candles never queue behind repairs, nor these behind history, nor the exchange's clock behind any of them."""

Answer = Callable[[Series, Event], None]


class Fetcher:
    """Carries out `Fetch` effects, each kind in threads of its own."""

    def __init__(self, edges: Edges, answer: Answer) -> None:
        self._edges = edges
        self._answer = answer
        self._stop = Flag()
        self._pools = {name: ThreadPoolExecutor(count, f"fetch-{name}") for name, count in THREADS.items()}
        self._chores: dict[str, Future[None]] = {}

    def ask(self, series: Series, fetch: Fetch) -> None:
        """Ask soon; the answer comes as an event."""
        pool = fetch.purpose if fetch.purpose in URGENT else "background"
        self._pools[pool].submit(self._fetch, series, fetch)

    def later(self, name: str, work: Callable[[], None]) -> None:
        """Do other work of the exchange's in the background, unless the same is still waiting to be done."""
        before = self._chores.get(name)
        if before is None or before.done():
            self._chores[name] = self._pools["chores"].submit(self._carefully, work)

    def close(self) -> None:
        """Drop what has not begun and wait for the rest."""
        self._stop.set()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools.values():
            pool.shutdown()

    def _carefully(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - nobody looks at what a pool's thread raises
            self._edges.log.error("background_failed", error=error)  # noqa: TRY400 - it takes the exception

    def _fetch(self, series: Series, fetch: Fetch) -> None:
        while fetch.purpose == "history" and not self._edges.room():
            if self._stop.wait(0.02):
                return
        try:
            event = self._answered(series, fetch)
        except Exception as error:  # noqa: BLE001 - a question without an answer would leave its series waiting for ever
            self._edges.log.error("fetch_failed", error=error, series=str(series), purpose=fetch.purpose)  # noqa: TRY400 - the same
            event = _failed(fetch, f"{type(error).__name__}: {error}")
        self._answer(series, event)
        self._edges.observer.fetched(event.error.fault if isinstance(event, FetchFailed) else "ok")

    def _answered(self, series: Series, fetch: Fetch) -> Fetched | FetchFailed:
        result = self._exchange(fetch.purpose).klines(series, fetch.start, fetch.limit)
        if isinstance(result, Err):
            return FetchFailed(fetch.purpose, fetch.start, result.error)
        if fetch.purpose != "audit":
            return Fetched(fetch.purpose, fetch.start, result.value)
        return self._audited(series, fetch, result.value)

    def _exchange(self, purpose: Purpose) -> Exchange:
        return self._edges.urgent if purpose in URGENT else self._edges.background

    def _audited(self, series: Series, fetch: Fetch, page: KlinePage) -> Fetched | FetchFailed:
        """The answer together with what was published of the same range."""
        if not page.closed:
            return Fetched("audit", fetch.start, page, empty_table())
        end = INTERVALS[series.interval].next(page.closed[-1].open_time)
        match self._edges.ledger.published(series, fetch.start, end):
            case Ok(published):
                return Fetched("audit", fetch.start, page, published)
            case Err(error):
                return _failed(fetch, f"ledger: {error.detail}")


def _failed(fetch: Fetch, detail: str) -> FetchFailed:
    return FetchFailed(fetch.purpose, fetch.start, ExchangeError("unavailable", detail))
