"""A server that takes requests and answers them as it is told, for what no real InfluxDB can be made to say."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.support.parts.ports import claim_port


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    path: str
    encoding: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: `seconds` later, and with `retry_after` if that is given. Status 0 breaks the connection off."""

    status: int = 204
    retry_after: str | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class Answering:
    """The server; `answer` says what each request gets, `asked` are all that came."""

    answer: Callable[[Asked], Told]
    asked: list[Asked] = field(default_factory=list)
    port: int = field(default_factory=claim_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def writes(self) -> list[Asked]:
        return [each for each in self.asked if each.path.startswith("/api/v2/write")]

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        threading.Thread(target=self._server.serve_forever, name="answering", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    _server: ThreadingHTTPServer = field(init=False)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answering = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.path, self.headers.get("Content-Encoding"), body)
                answering.asked.append(asked)
                told = answering.answer(asked)
                time.sleep(told.seconds)
                if told.status:
                    self._tell(told)
                else:
                    self.close_connection = True

            def _tell(self, told: Told) -> None:
                body = b"" if told.status == 204 else json.dumps({"message": f"said {told.status}"}).encode()
                self.send_response(told.status)
                if told.retry_after is not None:
                    self.send_header("Retry-After", told.retry_after)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _do  # noqa: N815 - names of the standard library

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        return Handler
