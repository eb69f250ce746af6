"""The exchange on the network as one thing to hold: REST in two lanes, the live feed, and what is said of both."""

from collections.abc import Callable

from cryptostream.clock import ExchangeClock
from cryptostream.core.codec.status import ExchangeStatus
from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import Clock, FeedEvent, LiveFeed
from cryptostream.core.resource.spec import Endpoints
from cryptostream.exchange.rest import BinanceRest
from cryptostream.exchange.websocket import BinanceFeed


class Online:
    """The exchange by its `endpoints`, used in order; nothing is connected before it is asked for.

    Parameters
    ----------
    local
        The clock of this side; `clock` is the exchange's, once somebody has measured it.
    proxy_url, ca_file
        HTTPS proxy, and the file of a private CA; by default what the environment says.
    """

    def __init__(
        self, endpoints: Endpoints, local: Clock, *, proxy_url: str | None = None, ca_file: str | None = None
    ) -> None:
        self.rest = BinanceRest(endpoints.rest, local, proxy_url=proxy_url, ca_file=ca_file)
        self.urgent = self.rest.for_lane("live")
        self.background = self.rest.for_lane("history")
        self.clock = ExchangeClock(local)
        self._streams = endpoints.stream
        self._local = local
        self._proxy_url = proxy_url
        self._ca_file = ca_file
        self._held_until: Millis = 0
        self._feeds: list[BinanceFeed] = []

    def feed(self, on_event: Callable[[FeedEvent], None]) -> LiveFeed:
        """A live feed; whoever asks for it closes it."""
        feed = BinanceFeed(self._streams, self._local, on_event, proxy_url=self._proxy_url, ca_file=self._ca_file)
        feed.hold(self._held_until)
        self._feeds.append(feed)
        return feed

    def hold(self, until: Millis) -> None:
        """Open no WebSocket before `until` (ms of the exchange's clock); 0: no longer. Open ones stay."""
        self._held_until = until
        for feed in self._feeds:
            feed.hold(until)

    @property
    def alive(self) -> bool:
        """Whether no feed has died."""
        return all(feed.alive for feed in self._feeds)

    def status(self) -> ExchangeStatus:
        """How the exchange treats this address."""
        rest = self.rest.snapshot()
        return ExchangeStatus(
            weight_used=rest.weight_used,
            weight_limit=rest.weight_limit,
            banned_until=rest.banned_until,
            clock_offset_ms=self.clock.offset,
            connections=sum(feed.snapshot().connections for feed in self._feeds),
        )

    def close(self) -> None:
        """Close the connections of REST."""
        self.rest.close()
