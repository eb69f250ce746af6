"""Requests to InfluxDB: deadlines, the token, what became of them. Every fault of the world is a value.

The hot path needs no more than a pool of connections, so no client library stands between (docs/decisions/0014).
"""

import ssl
import time
from collections.abc import Mapping
from typing import Final, Literal, Protocol
from urllib.parse import urlencode, urlsplit

from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from cryptostream.core.ports import StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.influx_connections import open_pool
from cryptostream.store.influx_refusals import Answer, Fault, Unreachable
from cryptostream.store.influx_settings import InfluxSettings
from cryptostream.store.token_file import TokenFile

PATIENCE_FOR_OTHERS: Final = 60.0
"""Seconds: however long InfluxDB asks to wait, it is asked again after that."""
_NOT_SENT: Final = (NameResolutionError, NewConnectionError, ConnectTimeoutError)


class InfluxObserver(Protocol):
    """Who is told of requests; called from several threads."""

    def store_asked(self, path: str, outcome: str, seconds: float) -> None:
        """A request ended: done, with its HTTP status, or `unreachable`."""

    def store_wrote(self, bucket: str, points: int, size: int) -> None:
        """InfluxDB has taken `points` into `bucket`, in a request of `size` bytes."""

    def store_deleted(self, bucket: str) -> None:
        """InfluxDB has deleted a stretch of points, which are written again."""


class InfluxHttp:
    """Asks one InfluxDB. Safe to call from several threads; nothing is repeated but what a new token mends."""

    def __init__(self, settings: InfluxSettings, observer: InfluxObserver | None = None) -> None:
        self._observer = observer
        self._url = settings.url
        self._prefix = urlsplit(settings.url).path.rstrip("/")
        self._token = TokenFile(settings.token_file)
        self._not_before = 0.0
        trusted = ssl.create_default_context(cafile=settings.ca_file) if settings.url.startswith("https") else None
        self._pool = open_pool(settings.url, trusted)

    def ask(  # noqa: PLR0913, PLR0917 - the parts of a request
        self,
        method: Literal["GET", "POST"],
        path: str,
        params: Mapping[str, str],
        body: bytes,
        headers: Mapping[str, str],
        until: float,
    ) -> Result[bytes, Fault]:
        """The content of the response to a request that was done; else what refuses it, or why there is none.

        After a `Retry-After` nothing is sent until its time has come.

        Parameters
        ----------
        until
            Nothing is sent, and no answer waited for, after this time (monotonic seconds).
        """
        wait = self._not_before - time.monotonic()
        if wait > 0:
            return Err(StoreError(f"InfluxDB asked to wait, for {wait:.1f} s more", retryable=True))
        token = self._token.read()
        if isinstance(token, Err):
            return Err(token.error)
        where = f"{path}?{urlencode(params)}"
        done = self._told(method, where, body, headers, token.value, until)
        if isinstance(done, Err) and isinstance(done.error, Answer) and done.error.status == 401:
            newer = self._token.read()
            if isinstance(newer, Ok) and newer.value != token.value:
                return self._told(method, where, body, headers, newer.value, until)
        return done

    def close(self) -> None:
        """End all connections."""
        self._pool.close()

    def _told(  # noqa: PLR0913, PLR0917 - the parts of a request
        self, method: str, where: str, body: bytes, headers: Mapping[str, str], token: str, until: float
    ) -> Result[bytes, Fault]:
        """As `_send`, and the observer knows."""
        began = time.monotonic()
        done = self._send(method, where, body, {**headers, "Authorization": f"Token {token}"}, until)
        if self._observer is not None:
            outcome = "done"
            if isinstance(done, Err):
                outcome = str(done.error.status) if isinstance(done.error, Answer) else "unreachable"
            self._observer.store_asked(where.partition("?")[0], outcome, time.monotonic() - began)
        return done

    def _send(
        self, method: str, where: str, body: bytes, headers: Mapping[str, str], until: float
    ) -> Result[bytes, Fault]:
        left = until - time.monotonic()
        if left <= 0:
            return Err(StoreError("no time was left to ask InfluxDB", retryable=True))
        try:
            response = self._pool.urlopen(
                method,
                self._prefix + where,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=Timeout(connect=left, total=left),
            )
        except HTTPError as fault:
            return Err(self._unreachable(fault))
        return Ok(response.data) if response.status < 300 else Err(self._refused(response))

    def _refused(self, response: BaseHTTPResponse) -> Answer:
        after = response.headers.get("Retry-After", "")
        if response.status in {429, 503} and after.isdecimal():
            self._not_before = time.monotonic() + min(int(after), PATIENCE_FOR_OTHERS)
        return Answer(response.status, response.data.decode("utf-8", "replace"))

    def _unreachable(self, fault: HTTPError) -> Unreachable:
        """Why nobody answered, in words; the address is told, never what was sent."""
        text = str(fault)
        if "Hostname mismatch" in text or "CERTIFICATE_VERIFY_FAILED" in text:
            said = text.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or "it is not trusted"
            remedy = "name the host that it is for, and the CA that signed it"
            return Unreachable(f"the certificate of {self._url} is refused: {said} ({remedy})", sent=False)
        return Unreachable(f"{self._url} {_words(fault)}", sent=not isinstance(fault, _NOT_SENT))


def _words(fault: HTTPError) -> str:
    match fault:
        case NameResolutionError():
            return "has a host whose name cannot be resolved"
        case NewConnectionError():
            return f"cannot be connected to: {str(fault).rpartition(': ')[2]}"
        case ConnectTimeoutError():
            return "did not take a connection in time"
        case ReadTimeoutError():
            return "did not answer in time"
        case _:
            return f"broke the connection off ({type(fault).__name__})"
