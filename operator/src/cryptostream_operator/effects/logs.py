"""Logs as JSON Lines on standard error, as `cryptostream.core.codec.log_line` has them."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

_KNOWN: Final = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {"message", "asctime"}
OURS: Final = "cryptostream_operator"
_SHOWN: Final = (str, int, float, bool, list, tuple, dict, type(None))


class JsonLines(logging.Formatter):
    """One line a record; what libraries attach and is no JSON is left out."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        more = {
            name: value for name, value in record.__dict__.items() if name not in _KNOWN and isinstance(value, _SHOWN)
        }
        line = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **more,
        }
        if not record.name.startswith(OURS):
            line["logger"] = record.name
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def begin(level: str) -> None:
    """Everything goes to standard error; kopf's own words only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("kopf", "urllib3", "asyncio", "aiohttp"):
        logging.getLogger(name).setLevel(logging.WARNING)
