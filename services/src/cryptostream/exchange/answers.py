"""What an HTTP answer of the exchange means. Pure.

Statuses by binance-spot-api-docs, `rest-api.md`, "HTTP Return Codes"; 451 and pages of HTML are not in it, but seen.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from cryptostream.core.market.interval import MINUTE, Millis

_UNTIL: Final = re.compile(r"banned until (\d{10,16})")
_COUNT: Final = re.compile(r"[0-9]{1,9}")
_SHORTEST_BAN: Final = 2 * MINUTE
_SHOWN: Final = 200


class Reply(msgspec.Struct, frozen=True):
    """An HTTP answer; names of headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoReply(msgspec.Struct, frozen=True):
    """No answer: no connection, or `slow`, a time-out."""

    why: str
    slow: bool = False


class Good(msgspec.Struct, frozen=True):
    """What the JSON of the answer decodes to."""

    value: Any


class Refused(msgspec.Struct, frozen=True):
    """The question is wrong: the exchange's code (stable) and its message (not)."""

    code: int | None
    message: str


class Limited(msgspec.Struct, frozen=True):
    """429: too much asked; how many seconds to wait at least."""

    retry_after: float | None


class Banned(msgspec.Struct, frozen=True):
    """418: nothing more until then (ms of the exchange's clock)."""

    until: Millis


class Blocked(msgspec.Struct, frozen=True):
    """The endpoint does not serve this address."""

    why: str


class Failed(msgspec.Struct, frozen=True):
    """No usable answer; another endpoint may have one, except after a time-out: the call has taken long enough.

    `patience` failures in a row are borne before the endpoint is left alone.
    """

    why: str
    slow: bool = False
    patience: int = 0


Meaning = Good | Refused | Limited | Banned | Blocked | Failed


class _Error(msgspec.Struct):
    code: int | None = None
    msg: str = ""


def meaning(reply: Reply | NoReply, now: Millis) -> Meaning:
    """What `reply` says; `now` is the exchange's time."""
    if isinstance(reply, NoReply):
        return Failed(reply.why, reply.slow)
    match reply.status:
        case 200:
            return _good(reply)
        case 418:
            return Banned(_ban_end(reply, now))
        case 429:
            return Limited(retry_after(reply))
        case 403 | 451:
            return Blocked(f"HTTP {reply.status} {_said(reply)}".rstrip())
        case status if status == 404 or status < 400 or status >= 500:
            return Failed(f"HTTP {status} {_said(reply)}".rstrip(), patience=1)
        case _:
            error = _error(reply)
            return Refused(error.code, f"HTTP {reply.status} {error.code}: {error.msg[:_SHOWN]}")


def answered_by(reply: Reply) -> Millis | None:
    """The last moment (ms) at which the answer can have been made by its own `Date`, which is told in whole seconds."""
    try:
        return int(parsedate_to_datetime(reply.headers.get("date", "")).timestamp()) * 1000 + 999
    except (ValueError, OverflowError):  # there is none, or it is no date
        return None


def used_weight(reply: Reply) -> int | None:
    """The weight that the address has used in this minute, if the answer tells."""
    text = reply.headers.get("x-mbx-used-weight-1m", "")
    return int(text) if _COUNT.fullmatch(text) else None


def retry_after(reply: Reply) -> float | None:
    """Seconds to wait, if the answer tells."""
    text = reply.headers.get("retry-after", "")
    return float(text) if _COUNT.fullmatch(text) else None


def _good(reply: Reply) -> Good | Failed:
    try:
        return Good(msgspec.json.decode(reply.body))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return Failed(f"the answer is no whole JSON: {error}", patience=1)


def _ban_end(reply: Reply, now: Millis) -> Millis:
    """By the message, else by the header, else the shortest ban there is."""
    said = _UNTIL.search(_error(reply).msg)
    if said:
        return int(said[1])
    seconds = retry_after(reply)
    return now + (_SHORTEST_BAN if seconds is None else int(seconds * 1000))


def _error(reply: Reply) -> _Error:
    try:
        return msgspec.json.decode(reply.body, type=_Error)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _Error()


def _said(reply: Reply) -> str:
    is_page = reply.body.lstrip()[:1] == b"<"
    return "(a page of HTML)" if is_page else _error(reply).msg[:_SHOWN]
