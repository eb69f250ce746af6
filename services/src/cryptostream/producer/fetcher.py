"""Asks the exchange on behalf of the step, in a few threads; each question gets exactly one answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag

from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import empty_table
from cryptostream.core.ports import Exchange, ExchangeError, KlinePage
from cryptostream.core.result import Err, Ok
from cryptostream.core.stream.series_state import Event, Fetch, Fetched, FetchFailed
from cryptostream.producer.edges import Edges

URGENT = frozenset({"live", "repair"})

Answer = Callable[[Series, Event], None]


class Fetcher:
    """Carries out `Fetch` effects. Urgent questions have threads of their own, so that history cannot delay them."""

    def __init__(self, edges: Edges, answer: Answer, *, urgent: int = 4, background: int = 2) -> None:
        self._edges = edges
        self._answer = answer
        self._stop = Flag()
        self._urgent = ThreadPoolExecutor(urgent, "fetch-urgent")
        self._background = ThreadPoolExecutor(background, "fetch-background")

    def ask(self, series: Series, fetch: Fetch) -> None:
        """Ask soon; the answer comes as an event."""
        pool = self._urgent if fetch.purpose in URGENT else self._background
        pool.submit(self._fetch, series, fetch)

    def later(self, work: Callable[[], None]) -> None:
        """Do other background work of the exchange's."""
        self._background.submit(self._carefully, work)

    def close(self) -> None:
        """Drop what has not begun and wait for the rest."""
        self._stop.set()
        for pool in (self._urgent, self._background):
            pool.shutdown(cancel_futures=True)

    def _carefully(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - nobody looks at what a pool's thread raises
            self._edges.log.error("background_failed", error=error)  # noqa: TRY400 - it takes the exception

    def _fetch(self, series: Series, fetch: Fetch) -> None:
        while fetch.purpose == "history" and not self._edges.room():
            if self._stop.wait(0.02):
                return
        exchange = self._edges.urgent if fetch.purpose in URGENT else self._edges.background
        try:
            event = self._answered(exchange, series, fetch)
        except Exception as error:  # noqa: BLE001 - a question without an answer would leave its series waiting for ever
            self._edges.log.error("fetch_failed", error=error, series=str(series), purpose=fetch.purpose)  # noqa: TRY400 - the same
            event = FetchFailed(fetch.purpose, ExchangeError("unavailable", f"{type(error).__name__}: {error}"))
        self._edges.observer.fetched(event.error.fault if isinstance(event, FetchFailed) else "ok")
        self._answer(series, event)

    def _answered(self, exchange: Exchange, series: Series, fetch: Fetch) -> Fetched | FetchFailed:
        result = exchange.klines(series, fetch.start, fetch.limit)
        if isinstance(result, Err):
            return FetchFailed(fetch.purpose, result.error)
        if fetch.purpose != "audit":
            return Fetched(fetch.purpose, result.value)
        return self._audited(series, fetch.start, result.value)

    def _audited(self, series: Series, start: Millis, page: KlinePage) -> Fetched | FetchFailed:
        """The answer together with what was published of the same range."""
        if not page.closed:
            return Fetched("audit", page, empty_table())
        end = INTERVALS[series.interval].next(page.closed[-1].open_time)
        match self._edges.ledger.published(series, start, end):
            case Ok(published):
                return Fetched("audit", page, published)
            case Err(error):
                return FetchFailed("audit", ExchangeError("unavailable", f"ledger: {error.detail}"))
