"""HTTP/1.1 as far as the simulator needs it: requests off a stream, answers onto it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

_LONGEST_BODY = 2**20


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lower case, `head` is its bytes up to and with the empty line."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    peer: str
    head: bytes

    @property
    def is_upgrade(self) -> bool:
        """Whether the client asks for a WebSocket."""
        return self.headers.get("upgrade", "").lower() == "websocket"

    @property
    def keeps_alive(self) -> bool:
        """Whether the client may send another one on this connection."""
        return self.headers.get("connection", "").lower() != "close" and b" HTTP/1.1\r\n" in self.head


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json;charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)


class BadRequestError(Exception):
    """The peer does not speak HTTP/1.1, or not so that it can be answered."""


async def read_request(reader: asyncio.StreamReader, peer: str) -> Request | None:
    """The next request, or None at the end of the connection.

    Raises
    ------
    BadRequestError
        If it is none.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequestError("the head of the request is too long") from error
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3:
        raise BadRequestError(f"not a request line: {lines[0]!r}")
    named = (line.partition(":") for line in lines[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in named}
    path, _, query = words[1].partition("?")
    return Request(words[0], path, query, headers, await _body(reader, headers), peer, head)


def rendered(answer: Answer, now: int, *, keep_alive: bool) -> bytes:
    """The bytes of `answer`, dated `now` (µs)."""
    lines = (
        f"HTTP/1.1 {answer.status} {_phrase(answer.status)}",
        f"Date: {formatdate(now // 1_000_000, usegmt=True)}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    )
    return "\r\n".join((*lines, "", "")).encode("latin-1") + answer.body


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdigit() or int(length) > _LONGEST_BODY:
        raise BadRequestError("a body needs a Content-Length of at most 1 MiB")
    try:
        return await reader.readexactly(int(length))
    except asyncio.IncompleteReadError as error:
        raise BadRequestError("the body ends early") from error


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
