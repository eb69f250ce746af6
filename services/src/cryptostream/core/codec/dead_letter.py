"""Dead letters on the log: the original bytes as value, and in headers why and where from. Pure."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from cryptostream.core.market.candle import Int64
from cryptostream.core.market.reject import Reason, Rejected
from cryptostream.core.ports import DeadLetter, LogRecord
from cryptostream.core.result import Err, Ok, Result

LONGEST: Final = 1000
"""Characters of a header, at most: what was refused may hold anything."""


class _Headers(msgspec.Struct):
    """`at` in µs; absent ones are unknown."""

    reason: Reason
    detail: str
    stage: Literal["decode", "validate", "store"]
    topic: str
    partition: Annotated[int, msgspec.Meta(ge=0)]
    offset: Annotated[int, msgspec.Meta(ge=0)]
    at: Int64
    symbol: str | None = None
    interval: str | None = None
    open_time: Int64 | None = None


def headers(letter: DeadLetter) -> tuple[tuple[str, bytes], ...]:
    """The headers of a dead letter; its key and value are those of the refused record."""
    stated: dict[str, str | int | None] = {
        "reason": letter.rejected.reason,
        "detail": letter.rejected.detail,
        "stage": letter.stage,
        "topic": letter.record.topic,
        "partition": letter.record.partition,
        "offset": letter.record.offset,
        "symbol": letter.symbol,
        "interval": letter.interval,
        "open_time": letter.open_time,
        "at": letter.at * 1000,
    }
    return tuple((name, _bytes(value)) for name, value in stated.items() if value is not None)


def decode(record: LogRecord) -> Result[DeadLetter, Rejected]:
    """The letter in a record of the dead-letter topic.

    Headers and time of publication of the refused record are not kept: it comes back without headers, and
    with the letter's own time.
    """
    try:
        read = msgspec.convert(_texts(record.headers), _Headers, strict=False)
    except msgspec.ValidationError as error:
        return Err(Rejected("malformed", f"headers of a dead letter: {error}"))
    refused = LogRecord(read.topic, read.partition, read.offset, record.key, record.value, (), record.timestamp)
    rejected = Rejected(read.reason, read.detail)
    return Ok(DeadLetter(refused, rejected, read.stage, read.at // 1000, read.symbol, read.interval, read.open_time))


def _bytes(value: str | int) -> bytes:
    return str(value)[:LONGEST].encode(errors="backslashreplace")


def _texts(stated: tuple[tuple[str, bytes], ...]) -> Mapping[str, str]:
    return {name: value.decode(errors="replace") for name, value in stated}
