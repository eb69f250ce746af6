"""A live feed whose events are kept, and a stream server of few words that a test scripts."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from cryptostream.core.market.candle import Candle
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock, FeedCandle, FeedEvent, FeedReject, FeedSeam
from cryptostream.exchange.websocket import BinanceFeed

PATIENCE = 30.0


def wait(condition: Callable[[], object], what: str) -> None:
    """Wait until `condition` holds; the test fails if it never does."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.005)


@dataclass
class Listener:
    """What a feed has told so far, in order; `feed` is there once it has been made."""

    events: list[FeedEvent] = field(default_factory=list)
    feed: BinanceFeed = field(init=False)

    @property
    def seams(self) -> list[FeedSeam]:
        return [event for event in tuple(self.events) if isinstance(event, FeedSeam)]

    @property
    def rejects(self) -> list[FeedReject]:
        return [event for event in tuple(self.events) if isinstance(event, FeedReject)]

    def candles(self, series: Series, *, since: int = 0) -> list[Candle]:
        """Those of one series, among the events from number `since` on."""
        told = self.events[since:]
        return [event.candle for event in told if isinstance(event, FeedCandle) and event.candle.series == series]

    def flowing(self, series: frozenset[Series]) -> bool:
        """Whether a seam was told of each."""
        return series <= frozenset().union(*(seam.series for seam in self.seams))

    def begun(self, series: Series) -> Millis:
        """The first open time of `series` that no seam excuses: those before may have been missed."""
        first = next(seam.at for seam in self.seams if series in seam.series)
        return INTERVALS[series.interval].floor(first)

    def wait_flowing(self, series: frozenset[Series]) -> None:
        wait(lambda: self.flowing(series), "the series flow")

    def wait_more(self, series: Series, number: int = 3) -> None:
        """Until `number` more candles of `series` have come."""
        since = len(self.events)
        wait(lambda: len(self.candles(series, since=since)) >= number, f"more candles of {series}")


@contextmanager
def following(endpoints: Sequence[str], clock: Clock, series: frozenset[Series], **settings: Any) -> Iterator[Listener]:
    """A feed that follows `series`; it is closed at the end, and its thread with it."""
    listener = Listener()
    listener.feed = BinanceFeed(tuple(endpoints), clock, listener.events.append, **settings)
    try:
        listener.feed.subscribe(series)
        yield listener
    finally:
        listener.feed.close()


def frame(series: Series, open_time: Millis, *, closed: bool = True) -> str:
    """An update of the candle of `series` at `open_time`, as a combined connection sends it."""
    end = INTERVALS[series.interval].close_time(open_time)
    prices = dict.fromkeys("ohlc", "100.00000000")
    kline = {"t": open_time, "T": end, "s": series.symbol, "i": series.interval, "x": closed, "v": "0", "n": 0}
    event = {"e": "kline", "E": end + 3, "s": series.symbol, "k": kline | prices}
    return json.dumps({"stream": f"{series.symbol.lower()}@kline_{series.interval}", "data": event})


SHUTDOWN = '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'
Script = Callable[[int, ServerConnection], None]
"""What the server does with its connection number 0, 1, …; the connection is closed when it returns."""


@dataclass
class FakeStream:
    """Where the server is found, and how many handshakes it has seen."""

    url: str = ""
    handshakes: int = 0


@contextmanager
def scripted(script: Script, refuse: Callable[[int], Response | None] = lambda _: None) -> Iterator[FakeStream]:
    """A server on loopback; `refuse` may answer a handshake (by its number) otherwise than by opening."""
    fake = FakeStream()
    counting = threading.Lock()
    numbers: dict[ServerConnection, int] = {}

    def greet(connection: ServerConnection, _: Request) -> Response | None:
        with counting:
            number, fake.handshakes = fake.handshakes, fake.handshakes + 1
        numbers[connection] = number
        return refuse(number)

    with serve(lambda each: script(numbers[each], each), "127.0.0.1", 0, process_request=greet) as server:
        host, port = server.socket.getsockname()[:2]
        fake.url = f"ws://{host}:{port}"
        thread = threading.Thread(target=server.serve_forever, name="fake-stream")
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
