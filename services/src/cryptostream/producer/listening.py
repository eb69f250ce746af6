"""The live feed and the way of its events into the inbox."""

import time
from collections.abc import Iterable
from threading import Event as Flag

from cryptostream.core.market.series import Series
from cryptostream.core.ports import FeedCandle, FeedEvent, FeedReject, FeedSeam, LiveFeed
from cryptostream.core.stream.series_state import Closed
from cryptostream.producer.edges import Edges
from cryptostream.producer.inbox import Inbox

FIRST_SEAM_SECONDS = 5.0
"""How long a producer waits for its live feed before it takes over without it."""
LOOK_SECONDS = 0.05


class Listening:
    """A live feed, if there is one. Used by the producer's thread; the feed calls from its own."""

    def __init__(self, edges: Edges, inbox: Inbox) -> None:
        self._edges = edges
        self._inbox = inbox
        self._feed: LiveFeed | None = None
        self._flows = Flag()

    def begin(self, series: Iterable[Series], stop: Flag) -> None:
        """Subscribe `series` and wait, not for long, until something flows."""
        if self._edges.feed is None:
            return
        self._feed = self._edges.feed(self._hear)
        self._feed.subscribe(frozenset(series))
        until = time.monotonic() + FIRST_SEAM_SECONDS
        while not (stop.is_set() or self._flows.wait(LOOK_SECONDS)):
            if time.monotonic() > until:
                self._edges.log.warning("feed_late", seconds=FIRST_SEAM_SECONDS)
                return

    def follow(self, series: Iterable[Series]) -> None:
        """Make the set of series exactly this one."""
        if self._feed is not None:
            self._feed.subscribe(frozenset(series))

    def resubscribe(self, series: Series) -> None:
        """Subscribe a silent series anew."""
        if self._feed is not None:
            self._edges.log.warning("series_silent", series=str(series))
            self._feed.resubscribe(series)

    def close(self) -> None:
        """End the feed."""
        if self._feed is not None:
            self._feed.close()

    def _hear(self, event: FeedEvent) -> None:
        match event:
            case FeedCandle(candle):
                self._inbox.offer(Closed(candle))
            case FeedSeam(series):
                self._inbox.seam(series)
                self._flows.set()
            case FeedReject(reason, frame):
                self._edges.log.warning("frame_rejected", reason=reason, frame=frame[:200])
