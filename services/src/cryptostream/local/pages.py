"""`/metrics`, `/healthz`, `/readyz` and `/status` of an embedded run, on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager

from cryptostream.core.codec.status import (
    LogStatus,
    SeriesStatus,
    Status,
    StoreStatus,
    encode,
    status_of,
)
from cryptostream.core.result import Err
from cryptostream.local.assembly import Parts
from cryptostream.local.view import SeriesView
from cryptostream.observe.logs import Log
from cryptostream.observe.server import Pages, start_server


@contextmanager
def serve(parts: Parts, port: int, log: Log) -> Iterator[str | None]:
    """Serve for as long as the context lasts; gives the address, or None where no port is free."""
    pages = Pages(metrics=parts.metrics.render, status=lambda: encode(status(parts)), ready=lambda: unready(parts))
    started = start_server(pages, port)
    if isinstance(started, Err):
        log.warning("no_status_pages", detail=started.error)
        yield None
        return
    try:
        yield started.value.url
    finally:
        started.value.close()


def unready(parts: Parts) -> str | None:
    """Why data does not flow."""
    view = parts.view()
    return view.fault or (None if view.stored else "no candle is stored yet")


def status(parts: Parts) -> Status:
    """The `/status` document."""
    view = parts.view()
    return status_of(
        role="run",
        stream=parts.spec.stream,
        generation=0,
        observed_at=view.now * 1000,
        series=[_series(each) for each in view.series],
        exchange=parts.market.status(),
        store=StoreStatus(reachable=view.fault is None, last_error=view.fault),
        log=LogStatus(reachable=True),
    )


def _series(view: SeriesView) -> SeriesStatus:
    return SeriesStatus(
        symbol=view.series.symbol,
        interval=view.series.interval,
        next_open=view.next_open,
        newest_open=view.newest_open,
        freshness_seconds=view.age_seconds,
        expected=view.expected,
        stored=view.stored,
        gaps=dict(view.gaps),
    )
