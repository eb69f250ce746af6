"""Reading JSON of which a newer version of this program may have written another shape. Pure."""

from typing import Final, Protocol, TypeVar

import msgspec

from cryptostream.core.market.reject import Rejected
from cryptostream.core.result import Err, Ok, Result

SCHEMA: Final = 1
"""Version of every shape written here; a reader refuses newer ones and passes over fields added to its own."""
UNREADABLE: Final = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What a decoder raises for bytes that are no JSON of the shape it wants."""


class Versioned(Protocol):
    """A document that states the version of its shape."""

    @property
    def schema(self) -> int: ...


class _Version(msgspec.Struct):
    schema: int


V = TypeVar("V", bound=Versioned)
_version: Final = msgspec.json.Decoder(_Version)


def read(decoder: msgspec.json.Decoder[V], value: bytes) -> Result[V, Rejected]:
    """The document in `value`.

    One of a newer schema is `newer_schema`, whatever its shape; anything else that is none is `malformed`.
    """
    try:
        document = decoder.decode(value)
    except UNREADABLE as error:
        return Err(_refusal(value, str(error)))
    return Ok(document) if document.schema == SCHEMA else Err(_refusal(value, f"there is no schema {document.schema}"))


def _refusal(value: bytes, detail: str) -> Rejected:
    try:
        schema = _version.decode(value).schema
    except UNREADABLE:
        return Rejected("malformed", detail)
    if schema > SCHEMA:
        return Rejected("newer_schema", f"schema {schema}: this version reads up to {SCHEMA}, update it")
    return Rejected("malformed", detail)
