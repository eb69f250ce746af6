"""Logs as JSON Lines on the standard library's logging, so that libraries speak through the same door.

One line is one object: `at` (UTC, to the millisecond), `level`, `event`, `stream`, `simulated`, then the
fields of the event. The event is a short constant text in snake case ("cycle_done"); what varies is in
fields, which keeps lines countable and lets repeats be recognised. A line that names a library under
`logger` has the library's own message as its event.

An event said more than 20 times in 10 s is left out from then on, and told as
`{"event": "repeated", "of": "rest_failed", "times": 480, "seconds": 10.0}` when the time is over.
"""

import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO

from cryptostream.observe.line import line
from cryptostream.observe.repeats import Repeats, Swallowed

ROOT = "cryptostream"
Level = Literal["debug", "info", "warning", "error"]
_Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Log:
    """Where a shell says what happened. Safe to use from any thread; given as an argument, like a clock."""

    logger: logging.Logger = field(default_factory=lambda: logging.getLogger(ROOT))
    bound: Mapping[str, object] = field(default_factory=dict)

    def bind(self, **fields: object) -> "Log":
        """A log that adds `fields` to each line."""
        return Log(self.logger, {**self.bound, **fields})

    def debug(self, event: str, **fields: object) -> None:
        self._say(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        self._say(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._say(logging.WARNING, event, fields)

    def error(self, event: str, *, error: BaseException | None = None, **fields: object) -> None:
        """`error` adds its traceback as the field `traceback`."""
        self._say(logging.ERROR, event, fields, error)

    def _say(self, level: int, event: str, fields: Mapping[str, object], error: BaseException | None = None) -> None:
        self.logger.log(level, event, extra={"fields": {**self.bound, **fields}}, exc_info=error)


class JsonLines(logging.Handler):
    """Writes records as JSON Lines to `target`, each with the fields `always` on it."""

    def __init__(self, target: TextIO, always: Mapping[str, object]) -> None:
        super().__init__()
        self._target = target
        self._always = always
        self._repeats = Repeats[_Key]()

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record`; logging calls this under the handler's lock."""
        try:
            self._tell(self._repeats.due(record.created), record.created)
            if self._repeats.allows((record.name, record.levelno, str(record.msg)), record.created):
                self._write(record)
        except Exception:  # noqa: BLE001 - what cannot be logged (full disk, odd value) must not end the stream
            self.handleError(record)

    def tell_rest(self, now: float) -> None:
        """Tell what was left out until `now` (seconds since the epoch)."""
        with ExitStack() as held:
            self.acquire()
            held.callback(self.release)
            self._tell(self._repeats.rest(now), now)

    def _tell(self, left_out: tuple[Swallowed[_Key], ...], now: float) -> None:
        for swallowed in left_out:
            self._write(_repeated(swallowed, now))

    def _write(self, record: logging.LogRecord) -> None:
        self._target.write(line(record, self._always))
        self._target.flush()


@contextmanager
def setup_logging(target: Path | TextIO | None, level: Level, **always: object) -> Iterator[Log]:
    """Write logs to `target` for as long as the context lasts, and give the log to write to.

    Parameters
    ----------
    target
        A file, appended to; an open text file; or None for standard error.
    level
        Least level written of this project; of libraries, warnings and above are.
    always
        Fields of each line, such as `stream` and `simulated`.

    Raises
    ------
    OSError
        The file cannot be opened.
    """
    with ExitStack() as held:
        if isinstance(target, Path):
            target.parent.mkdir(parents=True, exist_ok=True)
            target = held.enter_context(target.open("a", encoding="utf-8"))
        handler = JsonLines(target or sys.stderr, always)
        held.callback(lambda: handler.tell_rest(time.time()))
        ours = logging.getLogger(ROOT)
        held.callback(ours.setLevel, ours.level)
        ours.setLevel(level.upper())
        logging.getLogger().addHandler(handler)
        held.callback(logging.getLogger().removeHandler, handler)
        yield Log(ours)


def _repeated(swallowed: Swallowed[_Key], now: float) -> logging.LogRecord:
    name, level, event = swallowed.key
    fields = {"of": event, "times": swallowed.count, "seconds": round(swallowed.seconds, 1)}
    record = logging.makeLogRecord({"name": name, "levelno": level, "msg": "repeated", "fields": fields})
    record.levelname = logging.getLevelName(level)
    record.created = now
    return record
