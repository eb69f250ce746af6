"""Answers every request with one refusal, as InfluxDB or a proxy before it would; the status is chosen at any time."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.support.parts.ports import claim_port

TEXTS = {401: "unauthorized access", 429: "too many requests", 503: "service unavailable"}
RETRY_AFTER = {429: "1", 503: "1"}


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Connections are cut under it all the time."""


class Refusal:
    """A server on `port` that refuses with `status`."""

    def __init__(self) -> None:
        self.port = claim_port()
        self.status = 503
        self.refused = 0
        self._server = _Server(("127.0.0.1", self.port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="refusal", daemon=True)
        self._thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        refusal = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _refuse(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                refusal.refused += 1
                status = refusal.status
                body = json.dumps({"code": "refused", "message": TEXTS[status]}).encode()
                self.send_response(status)
                if status in RETRY_AFTER:
                    self.send_header("Retry-After", RETRY_AFTER[status])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = _refuse  # noqa: N815 - names of the standard library

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        return Handler

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
