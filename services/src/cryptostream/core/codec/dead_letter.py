"""Dead letters on the log: the original bytes as value, and in headers why and where from. Pure.

The refused record's own headers are kept under names that begin with `original.`.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec

from cryptostream.core.market.candle import Int64
from cryptostream.core.market.reject import Reason, Rejected
from cryptostream.core.ports import DeadLetter, LogRecord
from cryptostream.core.result import Err, Ok, Result

LONGEST: Final = 1000
"""Characters of a header, at most: what was refused may hold anything."""
ORIGINAL: Final = "original."
OMITTED: Final = "omitted"
"""Header of a letter that was too large to be kept with its bytes: how many there were."""
_OF_THE_PUBLICATION: Final = frozenset({"published_at", "exchange_time", "lane", "source"})
"""Fields of a candle record which differ when the same candle is published once more."""


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
    told = tuple((name, _bytes(value)) for name, value in stated.items() if value is not None)
    return told + tuple((ORIGINAL + name, value) for name, value in letter.record.headers)


def without_bytes(letter: DeadLetter) -> LogRecord:
    """`letter` as it is kept where it is too large: why and where from, and how large it was."""
    record = letter.record
    bare = msgspec.structs.replace(letter, record=msgspec.structs.replace(record, headers=()))
    told = (*headers(bare), (OMITTED, _bytes(len(record.value))))
    return msgspec.structs.replace(record, key=record.key[:LONGEST], value=b"", headers=told)


def identity(letter: DeadLetter) -> str:
    """What makes two letters the same: candle, reason, topic, and what the record says of the candle."""
    told = (letter.symbol, letter.interval, letter.open_time, letter.rejected.reason, letter.record.topic)
    return sha256(msgspec.json.encode(told) + _content(letter.record.value)).hexdigest()


def decode(record: LogRecord) -> Result[DeadLetter, Rejected]:
    """The letter in a record of the dead-letter topic.

    The time of publication of the refused record is not kept: it comes back with the letter's own.
    """
    try:
        read = msgspec.convert(_texts(record.headers), _Headers, strict=False)
    except msgspec.ValidationError as error:
        return Err(Rejected("malformed", f"headers of a dead letter: {error}"))
    own = tuple((name.removeprefix(ORIGINAL), value) for name, value in record.headers if name.startswith(ORIGINAL))
    refused = LogRecord(read.topic, read.partition, read.offset, record.key, record.value, own, record.timestamp)
    rejected = Rejected(read.reason, read.detail)
    return Ok(DeadLetter(refused, rejected, read.stage, read.at // 1000, read.symbol, read.interval, read.open_time))


def _content(value: bytes) -> bytes:
    """`value` without what differs from one publication to the next; as it is where it is no record."""
    try:
        fields = msgspec.json.decode(value, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return value
    kept = {name: field for name, field in fields.items() if name not in _OF_THE_PUBLICATION}
    return msgspec.json.encode(kept, order="sorted")


def _bytes(value: str | int) -> bytes:
    return str(value)[:LONGEST].encode(errors="backslashreplace")


def _texts(stated: Iterable[tuple[str, bytes]]) -> Mapping[str, str]:
    return {name: value.decode(errors="replace") for name, value in stated}
