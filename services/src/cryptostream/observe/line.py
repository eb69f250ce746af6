"""A log record as one line of JSON, with secrets blotted out. Pure."""

import logging
import re
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

_SECRET_NAME = re.compile(r"token|secret|password|passwd|authorization|api_?key|signature", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")
_SECRET_IN_TEXT = re.compile(r"((?:token|secret|password|api_?key|signature)=)[^&\s]+", re.IGNORECASE)
BLOT = "***"


def line(record: logging.LogRecord, always: Mapping[str, object]) -> str:
    """`record` as one JSON object and a line feed; `always` are fields of each line.

    No field of an event replaces `at`, `level`, `event` or one of `always`.
    """
    head = {"at": _stamp(record.created), "level": record.levelname.lower(), "event": record.getMessage(), **always}
    fields = getattr(record, "fields", None)
    said = head | (dict(fields) if isinstance(fields, Mapping) else {"logger": record.name}) | _traceback(record) | head
    return msgspec.json.encode(blotted(said), enc_hook=str).decode() + "\n"


def blotted(value: object, name: str = "") -> object:
    """`value` without what must not be read: fields with a secret's name, passwords in addresses."""
    if _SECRET_NAME.search(name):
        return BLOT
    if isinstance(value, str):
        return _SECRET_IN_TEXT.sub(rf"\1{BLOT}", _USER_IN_URL.sub(f"{BLOT}@", value))
    if isinstance(value, Mapping):
        return {str(key): blotted(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [blotted(inner) for inner in value]
    return value


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _traceback(record: logging.LogRecord) -> dict[str, str]:
    if record.exc_info is None or record.exc_info[1] is None:
        return {}
    return {"traceback": "".join(traceback.format_exception(record.exc_info[1]))}
