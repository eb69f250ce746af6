"""Requests to InfluxDB: connections, deadlines, the token. Every fault of the world is a value.

The hot path needs no more than a pool of connections, so no client library stands between (docs/decisions/0013).
"""

import ssl
import time
from collections.abc import Mapping
from typing import Protocol, cast
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError

from cryptostream.core.ports import StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.influx_refusals import Answer
from cryptostream.store.influx_settings import InfluxSettings
from cryptostream.store.token_file import TokenFile

CONNECT = 1.0
"""Seconds that a connection may take."""
MOST_OF_A_REFUSAL = 10_000
Response = urllib3.HTTPResponse


class InfluxObserver(Protocol):
    """Who is told of requests; called from several threads."""

    def store_asked(self, path: str, outcome: str, seconds: float) -> None:
        """A request ended: with its HTTP status, or `unreachable`."""


class InfluxHttp:
    """Asks one InfluxDB. Safe to call from several threads; nothing is repeated but what a new token mends."""

    def __init__(self, settings: InfluxSettings, observer: InfluxObserver | None = None) -> None:
        self._observer = observer
        self._url = settings.url
        self._token = TokenFile(settings.token_file)
        self._not_before = 0.0
        trusted = ssl.create_default_context(cafile=settings.ca_file) if settings.url.startswith("https") else None
        self._pool = urllib3.PoolManager(maxsize=4, retries=False, ssl_context=trusted)

    def post(
        self, path: str, params: Mapping[str, str], body: bytes, headers: Mapping[str, str], deadline: float
    ) -> Result[Response, Answer | StoreError]:
        """The response, unread, of a request that was done; else the answer that refuses it, or why there is none.

        After a `Retry-After` nothing is sent until its time has come.
        """
        wait = self._not_before - time.monotonic()
        if wait > 0:
            return Err(StoreError(f"InfluxDB asked to wait, for {wait:.1f} s more", retryable=True))
        token = self._token.read()
        if isinstance(token, Err):
            return Err(token.error)
        where = f"{path}?{urlencode(params)}"
        done = self._send(where, body, headers, token.value, deadline)
        if isinstance(done, Err) and isinstance(done.error, Answer) and done.error.status == 401:
            newer = self._token.read()
            if isinstance(newer, Ok) and newer.value != token.value:
                return self._send(where, body, headers, newer.value, deadline)
        return done

    def close(self) -> None:
        """End all connections."""
        self._pool.clear()

    def _send(
        self, where: str, body: bytes, headers: Mapping[str, str], token: str, deadline: float
    ) -> Result[Response, Answer | StoreError]:
        began = time.monotonic()
        done = self._answered(where, body, {**headers, "Authorization": f"Token {token}"}, deadline)
        if self._observer is not None:
            match done:
                case Ok():
                    outcome = "done"
                case Err(Answer(status)):
                    outcome = str(status)
                case Err():
                    outcome = "unreachable"
            self._observer.store_asked(where.partition("?")[0], outcome, time.monotonic() - began)
        return done

    def _answered(
        self, where: str, body: bytes, headers: Mapping[str, str], deadline: float
    ) -> Result[Response, Answer | StoreError]:
        limit = urllib3.Timeout(connect=min(CONNECT, deadline), total=deadline)
        try:
            response = cast(
                "Response",
                self._pool.request(
                    "POST", self._url + where, body=body, headers=headers, preload_content=False, timeout=limit
                ),
            )
            return Ok(response) if response.status < 300 else Err(self._refused(response))
        except HTTPError as fault:
            return Err(self.unreachable(fault))

    def _refused(self, response: Response) -> Answer:
        text = response.read(MOST_OF_A_REFUSAL).decode("utf-8", "replace")
        response.drain_conn()
        response.release_conn()
        after = response.headers.get("Retry-After", "")
        if response.status in {429, 503} and after.isdecimal():
            self._not_before = time.monotonic() + int(after)
        return Answer(response.status, text)

    def unreachable(self, fault: HTTPError) -> StoreError:
        """Why nobody answered, in words; the address is told, never what was sent."""
        cause = fault.reason if isinstance(fault, MaxRetryError) else fault
        text = str(cause)
        if "Hostname mismatch" in text or "CERTIFICATE_VERIFY_FAILED" in text:
            said = text.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or "it is not trusted"
            detail = f"the certificate of {self._url} is refused: {said}"
            return StoreError(f"{detail} (name the host that it is for, and the CA that signed it)", retryable=True)
        return StoreError(f"{self._url} does not answer: {type(cause).__name__}", retryable=True)
