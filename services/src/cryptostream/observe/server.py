"""`/metrics`, `/healthz`, `/readyz` and `/status` over HTTP. Answers what it is given: it decides nothing."""

import errno
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from cryptostream.core.result import Err, Ok, Result

PORT = 8080
PORTS_TRIED = 20
SECONDS_PER_REQUEST = 5
TEXT = "text/plain; charset=utf-8"

Check = Callable[[], str | None]
"""None if all is well, else what is not, in one line."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: HTTPStatus
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Pages:
    """What the paths are answered with; each is asked on every request, from the server's threads.

    `metrics` is in Prometheus' text format, `status` the JSON document of `core.codec`; `healthy` fails
    when only a restart helps, `ready` while data does not flow.
    """

    metrics: Callable[[], bytes]
    status: Callable[[], bytes]
    healthy: Check = lambda: None
    ready: Check = lambda: None


class StatusServer:
    """A running server; `close` ends it. Requests are answered in threads of their own."""

    def __init__(self, server: "_Server") -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="status-server", daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        return str(self._server.server_address[0])

    @property
    def port(self) -> int:
        """The port it listens on, also where port 0 or a taken one was asked for."""
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    def close(self) -> None:
        """Stop listening; once it returns, the port is free. A second call does nothing."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def start_server(
    pages: Pages, port: int = PORT, host: str = "127.0.0.1", ports_tried: int = PORTS_TRIED
) -> Result[StatusServer, str]:
    """Serve `pages` on the first free port of `port`, `port` + 1, … (`ports_tried` of them); 0 is any free one.

    Returns
    -------
    The running server, or why there is none.
    """
    last = min(port + ports_tried, 65536) - 1
    for number in range(port, last + 1):
        try:
            return Ok(StatusServer(_Server((host, number), _handler(pages))))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return Err(f"cannot listen on {host}:{number}: {error.strerror or error}")
    return Err(f"ports {port} to {last} of {host} are all in use")


def answer(pages: Pages, path: str) -> Answer:
    """The answer to a GET of `path`."""
    routes: Mapping[str, Callable[[], Answer]] = {
        "/metrics": lambda: Answer(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", pages.metrics()),
        "/status": lambda: Answer(HTTPStatus.OK, "application/json", pages.status()),
        "/healthz": lambda: _checked(pages.healthy()),
        "/readyz": lambda: _checked(pages.ready()),
    }
    route = routes.get(path.partition("?")[0])
    if route is None:
        return _plain(HTTPStatus.NOT_FOUND, f"not here; there are {' '.join(routes)}")
    try:
        return route()
    except Exception as error:  # noqa: BLE001 - one page that fails must not take the others away
        return _plain(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")


def _checked(fault: str | None) -> Answer:
    return _plain(HTTPStatus.OK, "ok") if fault is None else _plain(HTTPStatus.SERVICE_UNAVAILABLE, fault)


def _plain(status: HTTPStatus, text: str) -> Answer:
    return Answer(status, TEXT, f"{text}\n".encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # The base class would look the host's name up, which hangs where there is no name server.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that hangs up is no event
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(pages: Pages) -> type[BaseHTTPRequestHandler]:
    """The handler class of the standard library's server, which wants one; it holds no logic."""

    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS_PER_REQUEST
        server_version = "cryptostream"
        sys_version = ""

        def do_GET(self) -> None:
            self._send(answer(pages, self.path))

        do_HEAD = do_GET  # noqa: N815 - the name is http.server's

        def do_POST(self) -> None:
            self._send(_plain(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD"))

        do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST  # noqa: N815 - the names are http.server's

        def log_message(self, *_: object) -> None:
            """Say nothing: a scrape every few seconds is no event."""

        def _send(self, sent: Answer) -> None:
            self.send_response(sent.status)
            self.send_header("Content-Type", sent.kind)
            self.send_header("Content-Length", str(len(sent.body)))
            if sent.status is HTTPStatus.METHOD_NOT_ALLOWED:
                self.send_header("Allow", "GET, HEAD")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(sent.body)

    return Handler
