"""Opens WebSockets: endpoints in order, attempts within the exchange's budget, back-off with jitter.

Lives in the feed's event loop, shared by all of its connections.
"""

import ssl
from collections.abc import Callable, Sequence

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from cryptostream.core.market.interval import SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock
from cryptostream.core.result import Ok
from cryptostream.exchange import endpoints as health
from cryptostream.exchange.answers import Banned, Blocked, Limited, Reply, meaning
from cryptostream.exchange.feed_plan import Attempts, attempt_at, attempted, delay, held, stream_url
from cryptostream.exchange.link import Opened
from cryptostream.exchange.reasons import is_loopback, reason
from cryptostream.exchange.waiting import until

_OPEN_SECONDS = 10.0
_CLOSE_SECONDS = 1.0
_LOOK = SECOND
"""How long a wait goes on before it is seen whether it may be shorter."""
_UNTOLD_SECONDS = 60.0
"""How long a 429 is waited for that does not say it itself."""


class Dial:
    """Where and how connections are opened; `last_error` says why the last attempt failed, None if it did not."""

    def __init__(
        self,
        urls: Sequence[str],
        clock: Clock,
        luck: Callable[[], float],
        *,
        proxy_url: str | None,
        ca_file: str | None,
    ) -> None:
        self.last_error: str | None = None
        self._clock = clock
        self._luck = luck
        self._proxy_url = proxy_url
        self._tls = ssl.create_default_context(cafile=ca_file) if ca_file else None
        self._endpoints = health.endpoints(urls)
        self._attempts = Attempts()
        self._told_until: Millis = 0

    async def open(self, series: Sequence[Series], failures: int) -> Opened:
        """A connection that carries `series`, after as many attempts as it takes; `failures` came before."""
        while True:
            await until(self._clock, self._clock.now() + delay(failures, self._luck()))
            opened = await self._round(series)
            if opened is not None:
                return opened
            failures += 1

    def judge(self, url: str, fault: str | None) -> None:
        """Remember how a connection to `url` did: one with a `fault` has brought nothing."""
        if fault is None:
            self._endpoints = health.worked(self._endpoints, url)
        else:
            self._failed(url, fault)

    def hold(self, until: Millis) -> None:
        """Make no attempt before `until` (ms): others say that the address is banned; 0: no longer."""
        self._told_until = until

    async def _round(self, series: Sequence[Series]) -> Opened | None:
        """Ask each endpoint once, in order."""
        tried: set[str] = set()
        while isinstance(chosen := health.choose(self._endpoints, tried, self._clock.now()), Ok):
            await self._permission()
            tried.add(chosen.value)
            socket = await self._attempt(chosen.value, series)
            if socket is not None:
                return chosen.value, socket
        if not tried and chosen.error.retry_at is not None:
            await until(self._clock, chosen.error.retry_at)
        return None

    async def _permission(self) -> None:
        """Wait until an attempt may be made; others may have made theirs meanwhile."""
        while (at := max(attempt_at(self._attempts, now := self._clock.now()), self._told_until)) > now:
            await until(self._clock, min(at, now + _LOOK))
        self._attempts = attempted(self._attempts, self._clock.now())

    async def _attempt(self, url: str, series: Sequence[Series]) -> ClientConnection | None:
        try:
            socket = await self._connect(url, series)
        except InvalidStatus as error:
            self._refused(url, error)
            return None
        except (OSError, ValueError, ImportError, WebSocketException) as error:  # ImportError: a SOCKS proxy
            self._failed(url, reason(error))
            return None
        self.last_error = None
        return socket

    async def _connect(self, url: str, series: Sequence[Series]) -> ClientConnection:
        return await connect(
            stream_url(url, series),
            ssl=self._tls if url.startswith("wss:") else None,
            proxy=self._proxy_url or (None if is_loopback(url) else True),
            compression=None,
            open_timeout=_OPEN_SECONDS,
            close_timeout=_CLOSE_SECONDS,
        )

    def _refused(self, url: str, error: InvalidStatus) -> None:
        """A limit holds for the address, whatever the endpoint; all else is that endpoint's."""
        answer, now = error.response, self._clock.now()
        headers = {name.lower(): text for name, text in answer.headers.raw_items()}
        match meaning(Reply(answer.status_code, headers, bytes(answer.body)), now):
            case Limited(seconds):
                wait = _UNTOLD_SECONDS if seconds is None else seconds
                self._held(url, "HTTP 429: too many attempts", now + int(wait * SECOND))
            case Banned(ends):
                self._held(url, "HTTP 418: this address is banned", ends)
            case Blocked(why):
                self._endpoints = health.blocked(self._endpoints, url, why, now)
                self.last_error = f"{url}: {why}"
            case _:
                self._failed(url, reason(error))

    def _held(self, url: str, why: str, ends: Millis) -> None:
        self._attempts = held(self._attempts, ends)
        self.last_error = f"{url}: {why}"

    def _failed(self, url: str, why: str) -> None:
        self._endpoints = health.failed(self._endpoints, url, why, self._clock.now())
        self.last_error = f"{url}: {why}"
