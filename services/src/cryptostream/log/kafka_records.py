"""Messages of confluent-kafka as records. The way of every candle: it is kept short.

Nothing that a message can hold may raise here: it would be read again for ever.
"""

from collections.abc import Sequence

from confluent_kafka import Message

from cryptostream.core.ports import LogRecord, Place

Headers = tuple[tuple[str, bytes], ...]


def record_of(message: Message) -> LogRecord:
    """The record in a message without error; a missing key or value is an empty one."""
    return LogRecord(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        message.key() or b"",
        message.value() or b"",
        _headers(message),
        message.timestamp()[1],
    )


def ends(records: Sequence[LogRecord]) -> dict[Place, int]:
    """For each partition in `records`, which ascend within it, the offset after its last one."""
    last = {(record.topic, record.partition): record.offset for record in records}
    return {place: offset + 1 for place, offset in last.items()}


def _headers(message: Message) -> Headers:
    try:
        headers = message.headers()
    except SystemError:  # a name that is no UTF-8; a second question might crash the interpreter
        return ()
    if not headers:
        return ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    return tuple([(name, value if isinstance(value, bytes) else b"") for name, value in pairs])
