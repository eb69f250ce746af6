"""One line of a log, as every process writes it. Pure.

A line is a JSON object. What is here is there by the rules below; all other fields belong to the event.
"""

from typing import Annotated, Final, Literal

import msgspec

from cryptostream.core.codec.versioned import UNREADABLE
from cryptostream.core.market.reject import Rejected
from cryptostream.core.result import Err, Ok, Result

_At = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """`at` is UTC, to the millisecond; `event` a constant word in snake case, or a library's message.

    `stream`, `simulated` and `role` are on every line of the data plane. `logger` names the library whose message the
    event is; `traceback` is that of an exception.
    """

    at: _At
    level: Literal["debug", "info", "warning", "error", "critical"]
    event: Annotated[str, msgspec.Meta(min_length=1)]
    stream: str | None = None
    simulated: bool | None = None
    role: str | None = None
    logger: str | None = None
    traceback: str | None = None


_decoder: Final = msgspec.json.Decoder(LogLine)


def decode(line: bytes | str) -> Result[LogLine, Rejected]:
    """What `line` says; `malformed` if it is none."""
    try:
        return Ok(_decoder.decode(line))
    except UNREADABLE as error:
        return Err(Rejected("malformed", str(error)))
