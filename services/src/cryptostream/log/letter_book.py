"""The letters of a dead-letter topic, each counted once, and which of them are to be published again. Pure.

A letter stands for one refusal: the same candle, refused for the same reason. It is kept again after a crash (then it
is of the same place), and it is refused again where its record was published anew (then it is of another place).
"""

from typing import Final

import msgspec
from msgspec.structs import replace

from cryptostream.core.codec.dead_letter import OMITTED, decode, identity
from cryptostream.core.ports import DeadLetter, LogRecord
from cryptostream.core.result import Err

REDRIVEN: Final = "redriven"
"""Header of a record that was published again: how often it has been."""
Origin = tuple[str, int, int]
"""Topic, partition and offset of a refused record."""


class Entry(msgspec.Struct, frozen=True):
    """One refusal. `letter` is its first copy, without bytes; `copy` is where that is in the dead-letter topic.

    `size` counts the original bytes; where they were `omitted` they are not in the letter. `redriven` is how often the
    record had been published again when it was last refused.
    """

    letter: DeadLetter
    copy: tuple[int, int]
    size: int
    omitted: bool
    origins: frozenset[Origin]
    redriven: int = 0

    @property
    def count(self) -> int:
        """How many records were refused so."""
        return len(self.origins)


class Selection(msgspec.Struct, frozen=True):
    """Which letters are meant; None is any. `again`: also those that were redriven and refused once more."""

    reason: str | None = None
    symbol: str | None = None
    origin: Origin | None = None
    again: bool = True

    def takes(self, entry: Entry) -> bool:
        letter = entry.letter
        return (
            self.reason in {None, letter.rejected.reason}
            and self.symbol in {None, letter.symbol}
            and (self.origin is None or self.origin in entry.origins)
            and (self.again or entry.redriven == 0)
        )


class Book:
    """What is in a dead-letter topic; `unreadable` counts records that are no letters."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.unreadable = 0

    def add(self, record: LogRecord) -> None:
        """A record of the dead-letter topic."""
        read = decode(record)
        if isinstance(read, Err):
            self.unreadable += 1
            return
        name, entry = identity(read.value), _entry(read.value, record)
        self.entries[name] = _joined(self.entries[name], entry) if name in self.entries else entry

    def chosen(self, selection: Selection) -> tuple[Entry, ...]:
        """The newest first."""
        found = [entry for entry in self.entries.values() if selection.takes(entry)]
        return tuple(sorted(found, key=lambda entry: (-entry.letter.at, entry.copy)))


def again(letter: DeadLetter) -> tuple[tuple[str, bytes], ...]:
    """The headers of the refused record, when it is published once more."""
    own = tuple((name, value) for name, value in letter.record.headers if name != REDRIVEN)
    return (*own, (REDRIVEN, str(times(letter) + 1).encode()))


def times(letter: DeadLetter) -> int:
    """How often the refused record had been published again."""
    said = dict(letter.record.headers).get(REDRIVEN, b"0")
    return int(said) if said.isdigit() and len(said) < 10 else 0


def _entry(letter: DeadLetter, record: LogRecord) -> Entry:
    origin = (letter.record.topic, letter.record.partition, letter.record.offset)
    omitted = dict(record.headers).get(OMITTED)
    size = len(record.value) if omitted is None or not omitted.isdigit() else int(omitted)
    bare = replace(letter, record=replace(letter.record, value=b"", headers=()))
    return Entry(bare, (record.partition, record.offset), size, omitted is not None, frozenset({origin}), times(letter))


def _joined(first: Entry, later: Entry) -> Entry:
    return replace(first, origins=first.origins | later.origins, redriven=max(first.redriven, later.redriven))
