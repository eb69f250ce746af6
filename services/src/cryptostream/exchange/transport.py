"""HTTP GET on `requests`: one session a thread, every failure a value. Decides nothing."""

import threading
from collections.abc import Mapping

import requests

from cryptostream.exchange.answers import NoReply, Reply
from cryptostream.exchange.reasons import is_loopback, reason

_CONNECT_SECONDS = 3.0


class Transport:
    """Keeps connections open between calls. Safe to use from several threads.

    Without `proxy_url` the usual variables of the environment (`HTTPS_PROXY`, `REQUESTS_CA_BUNDLE`) hold, though
    never for loopback. `timeout` is in seconds: for the connection (at most 3) and for each wait for data.
    """

    def __init__(self, *, proxy_url: str | None, ca_file: str | None, timeout: float) -> None:
        self._proxy_url = proxy_url
        self._ca_file = ca_file
        self._timeout = (min(timeout, _CONNECT_SECONDS), timeout)
        self._mine = threading.local()
        self._all: list[requests.Session] = []
        self._lock = threading.Lock()

    def get(self, endpoint: str, path: str, params: Mapping[str, str]) -> Reply | NoReply:
        """Ask `endpoint`."""
        session = self._session()
        session.trust_env = self._proxy_url is None and not is_loopback(endpoint)
        try:
            got = session.get(endpoint + path, params=params, timeout=self._timeout, allow_redirects=False)
        except requests.ConnectTimeout:
            return NoReply(f"no connection within {self._timeout[0]:g} s")
        except requests.Timeout:
            return NoReply(f"no answer within {self._timeout[1]:g} s", slow=True)
        except (requests.RequestException, ValueError) as error:  # ValueError: an address that is none
            return NoReply(reason(error))
        return Reply(got.status_code, {name.lower(): text for name, text in got.headers.items()}, got.content)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for session in self._all:
                session.close()
            self._all.clear()
            self._mine = threading.local()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._mine, "session", None)
        if session is None:
            session = self._mine.session = self._opened()
            with self._lock:
                self._all.append(session)
        return session

    def _opened(self) -> requests.Session:
        session = requests.Session()
        session.headers["User-Agent"] = "cryptostream"
        session.headers["Accept"] = "application/json"
        if self._proxy_url is not None:
            session.proxies = {"http": self._proxy_url, "https": self._proxy_url}
        if self._ca_file is not None:
            session.verify = self._ca_file
        return session
