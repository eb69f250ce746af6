"""The life of an embedded run: its threads, when it ends, and how it stops with nothing in flight lost."""

import threading
import time
from collections.abc import Callable

import msgspec

from cryptostream.core.result import Err
from cryptostream.local.assembly import Parts
from cryptostream.local.view import StreamView
from cryptostream.process.signals import stop_signals

TICK = 0.5
DRAIN_SECONDS = 30.0


class Ending(msgspec.Struct, frozen=True):
    """Why a run ended; `fault` is None if it ended as it should."""

    fault: str | None = None


class Threads:
    """Producer and consumer, each in a thread of its own."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._faults: list[str] = []
        self._stops = {"producer": threading.Event(), "consumer": threading.Event()}
        self._threads = {
            "producer": self._thread("producer", lambda: parts.producer.run(self._stops["producer"])),
            "consumer": self._thread("consumer", lambda: parts.consumer.run(self._stops["consumer"])),
        }

    def start(self) -> None:
        """Start both."""
        for thread in self._threads.values():
            thread.start()

    @property
    def fault(self) -> str | None:
        """Why one of them could not go on."""
        return self._faults[0] if self._faults else None

    def stop(self) -> None:
        """End the producer, let the consumer store what is in the log, then end it too."""
        until = time.monotonic() + DRAIN_SECONDS
        self._end_producer(until)
        while self._undone() and self._threads["consumer"].is_alive() and time.monotonic() < until:
            time.sleep(0.02)
        self._stops["consumer"].set()
        self._threads["consumer"].join()
        self._parts.log.close()

    def _end_producer(self, until: float) -> None:
        """A producer that waits for room in the log is let go when nobody makes room any more."""
        self._stops["producer"].set()
        producer, consumer = self._threads["producer"], self._threads["consumer"]
        while producer.is_alive():
            producer.join(0.1)
            if not consumer.is_alive() or time.monotonic() > until:
                self._parts.log.close()

    def _undone(self) -> int:
        return sum(self._parts.log.backlog().values())

    def _thread(self, name: str, run: Callable[[], object]) -> threading.Thread:
        def body() -> None:
            try:
                done = run()
                if isinstance(done, Err):
                    self._faults.append(f"{name}: {done.error}")
            except Exception as error:
                self._faults.append(f"{name}: {type(error).__name__}: {error}")
                raise

        return threading.Thread(target=body, name=name)


def live(parts: Parts, show: Callable[[StreamView], None], for_seconds: float | None) -> Ending:
    """Run until it is over: a signal, a fault, the end of a recording, or `for_seconds` from the first candle."""
    threads = Threads(parts)
    with stop_signals() as signalled:
        threads.start()
        first_stored: float | None = None
        while not signalled.wait(TICK) and threads.fault is None:
            view = parts.view()
            publish_gauges(parts, view)
            show(view)
            if first_stored is None and view.stored:
                first_stored = time.monotonic()
            if first_stored is not None and for_seconds is not None and time.monotonic() - first_stored >= for_seconds:
                break
            if parts.market.kind == "recording" and view.complete and view.settled and not backlog(parts):
                break
        threads.stop()
    return Ending(threads.fault)


def backlog(parts: Parts) -> int:
    """Records published and not yet dealt with."""
    return sum(parts.log.backlog().values())


def publish_gauges(parts: Parts, view: StreamView) -> None:
    """What metrics cannot count by themselves."""
    for each in view.series:
        parts.metrics.completeness(each.series, each.expected, each.stored)
        parts.metrics.gaps(each.series, each.gaps)
    parts.metrics.history_left(sum(each.history_left for each in view.series))
    parts.metrics.markets({each.series.symbol: each.status for each in view.series})
    parts.metrics.exchange_status(parts.market.status())
