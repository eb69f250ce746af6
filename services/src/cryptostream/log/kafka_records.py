"""Messages of confluent-kafka as records. The way of every candle: it is kept short.

Nothing that a message can hold may raise here: it would be read again for ever.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import methodcaller
from typing import Any, Final

from confluent_kafka import Message

from cryptostream.core.ports import LogRecord, Place

Headers = tuple[tuple[str, bytes], ...]

_ask_headers: Final[Any] = methodcaller("headers")
"""Where a name is no UTF-8, confluent-kafka returns a broken list *and* leaves an error pending. A call out of C is
checked for that and raises; a call that the interpreter has specialized is not, and the process crashes.
"""


def record_of(message: Message) -> LogRecord:
    """The record in a message without error; a missing key or value is an empty one."""
    return LogRecord(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        message.key() or b"",
        message.value() or b"",
        MessageHeaders(message),
        message.timestamp()[1],
    )


def ends(records: Sequence[LogRecord]) -> dict[Place, int]:
    """For each partition in `records`, which ascend within it, the offset after its last one."""
    last = {(record.topic, record.partition): record.offset for record in records}
    return {place: offset + 1 for place, offset in last.items()}


class MessageHeaders:
    """The headers of a message, read when they are asked for: few records need theirs, and reading takes its time."""

    __slots__ = ("_message",)

    def __init__(self, message: Message) -> None:
        self._message = message

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return iter(_headers(self._message))


def _headers(message: Message) -> Headers:
    """The same few headers are on many records, which therefore share them."""
    try:
        headers = _ask_headers(message)
    except SystemError:
        return ()
    return _shared(tuple(headers)) if headers else ()


@lru_cache(maxsize=16)  # few, as a header may be large
def _shared(headers: tuple[tuple[str, bytes | None], ...]) -> Headers:
    return tuple([(name, value or b"") for name, value in headers])
