"""Opens WebSockets: endpoints in order, attempts within the exchange's budget, back-off with jitter.

Lives in the feed's event loop, shared by all of its connections.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock
from cryptostream.core.result import Err
from cryptostream.exchange import endpoints as health
from cryptostream.exchange.feed_plan import Attempts, attempt_at, attempted, delay, stream_url
from cryptostream.exchange.reasons import is_loopback, reason

_OPEN_SECONDS = 10.0
_CLOSE_SECONDS = 1.0
_BLOCKED = frozenset({403, 451})


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

    async def open(self, series: Sequence[Series], failures: int) -> ClientConnection:
        """A connection that carries `series`, after as many attempts as it takes; `failures` came before."""
        while True:
            await self.sleep(delay(failures, self._luck()))
            socket = await self._attempt(series)
            if socket is not None:
                return socket
            failures += 1

    async def sleep(self, length: Millis) -> None:
        """Let `length` ms of the clock pass."""
        await asyncio.sleep(self._clock.real_seconds(length))

    async def _attempt(self, series: Sequence[Series]) -> ClientConnection | None:
        now = self._clock.now()
        chosen = health.choose(self._endpoints, (), now)
        if isinstance(chosen, Err):
            await self.sleep((chosen.error.retry_at or now) - now)
            return None
        await self.sleep(attempt_at(self._attempts, now) - now)
        self._attempts = attempted(self._attempts, self._clock.now())
        try:
            socket = await self._connect(chosen.value, series)
        except (OSError, ValueError, ImportError, WebSocketException) as error:  # ImportError: a SOCKS proxy
            self._failed(chosen.value, error)
            return None
        self._endpoints, self.last_error = health.worked(self._endpoints, chosen.value), None
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

    def _failed(self, url: str, error: Exception) -> None:
        now = self._clock.now()
        self.last_error = f"{url}: {reason(error)}"
        if isinstance(error, InvalidStatus) and error.response.status_code in _BLOCKED:
            self._endpoints = health.blocked(self._endpoints, url, reason(error), now)
        else:
            self._endpoints = health.failed(self._endpoints, url, reason(error), now)
