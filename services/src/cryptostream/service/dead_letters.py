"""`cryptostream dead-letters`: what a stream refused and why, and to publish it again. Deletes nothing."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import msgspec

from cryptostream.core.codec.record import dead_letter_topic
from cryptostream.core.market.reject import Reason
from cryptostream.core.resource.plan import plan
from cryptostream.core.result import Err, Ok, Result, map_ok
from cryptostream.log.kafka_letter_box import LetterBox, Redriven
from cryptostream.log.kafka_settings import settings_of
from cryptostream.log.letter_book import Book, Entry, Origin, Selection
from cryptostream.service.settings import read_settings

DONE, FAULT, BAD_INPUT = 0, 1, 2
ONE = "say which: --all, --reason, --symbol or --place, one of them"


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line; `place` is topic/partition/offset of a refused record."""

    everything: bool = False
    reason: str | None = None
    symbol: str | None = None
    place: str | None = None
    again: bool = False


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One letter as `--json` prints it: times in ms, `count` records refused so, `redriven` times published again."""

    reason: str
    detail: str
    stage: str
    topic: str
    partition: int
    offset: int
    symbol: str | None
    interval: str | None
    open_time: int | None
    at: int
    count: int
    redriven: int
    size: int
    omitted: bool


def list_letters(config: Path, chosen: Chosen, limit: int, *, as_json: bool) -> int:
    """Show the newest `limit` letters; returns the exit code."""
    selection = _selection(chosen)
    if isinstance(selection, Err):
        return _refuse((selection.error,), BAD_INPUT)
    found = _read(config)
    if isinstance(found, int):
        return found
    _, book = found
    letters = book.chosen(selection.value)
    if as_json:
        listed = [_listed(entry) for entry in letters[:limit]]
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(listed)).decode() + "\n")
    else:
        _show(letters[:limit], len(letters))
    _tell_unreadable(book)
    return DONE


def redrive(config: Path, chosen: Chosen, ask: Callable[[str], bool]) -> int:
    """Publish the chosen letters again if `ask` agrees; returns the exit code."""
    selection = _selection(chosen)
    if sum((chosen.everything, *(each is not None for each in (chosen.reason, chosen.symbol, chosen.place)))) != 1:
        return _refuse((ONE,), BAD_INPUT)
    if isinstance(selection, Err):
        return _refuse((selection.error,), BAD_INPUT)
    found = _read(config)
    if isinstance(found, int):
        return found
    box, book = found
    letters = book.chosen(selection.value)
    _tell_unreadable(book)
    _tell_left(book, selection.value, letters)
    if not letters:
        sys.stdout.write("nothing to publish\n")
        return DONE
    if not ask(f"publish {_count(len(letters), 'record')} again?"):
        sys.stdout.write("nothing was published\n")
        return DONE
    done = box.redrive(letters)
    return _refuse((done.error.detail,), FAULT) if isinstance(done, Err) else _say(done.value)


# ---------------------------------------------------------------- what is meant


def _read(config: Path) -> tuple[LetterBox, Book] | int:
    """The letters of the stream that `config` is of, or the exit code."""
    settings = read_settings(config, "producer")
    if isinstance(settings, Err):
        return _refuse(map(str, settings.error), BAD_INPUT)
    planned, stream = plan(settings.value.spec), settings.value.spec.stream
    topics = {each.name for each in planned.topics if each.name.startswith(f"{stream}.prices-")}
    box = LetterBox(settings_of(settings.value.config.kafka, Path()), dead_letter_topic(stream), topics)
    book = box.read()
    return _refuse((book.error.detail,), FAULT) if isinstance(book, Err) else (box, book.value)


def _selection(chosen: Chosen) -> Result[Selection, str]:
    if chosen.reason is not None and chosen.reason not in get_args(Reason):
        return Err(f"--reason: {chosen.reason} is none; there are {', '.join(get_args(Reason))}")
    origin: Result[Origin | None, str] = Ok(None) if chosen.place is None else _origin(chosen.place)
    again = chosen.again or chosen.place is not None
    return map_ok(origin, lambda place: Selection(chosen.reason, chosen.symbol, place, again))


def _origin(place: str) -> Result[Origin | None, str]:
    topic, _, rest = place.partition("/")
    partition, _, offset = rest.partition("/")
    if not (topic and partition.isdecimal() and offset.isdecimal()):
        return Err(f"--place: {place} must be topic/partition/offset, as the list shows it")
    return Ok((topic, int(partition), int(offset)))


# ---------------------------------------------------------------- what is told


def _show(letters: Sequence[Entry], total: int) -> None:
    for entry in letters:
        sys.stdout.write("\n    ".join(map(_harmless, _lines(entry))) + "\n")
    sys.stdout.write(f"{_count(total, 'letter')}, {len(letters)} shown\n")


def _lines(entry: Entry) -> Iterator[str]:
    """When, why, of what and how often; then which record, and the detail."""
    letter, record = entry.letter, entry.letter.record
    opened = None if letter.open_time is None else _moment(letter.open_time)
    told = (_moment(letter.at), letter.rejected.reason, f"({letter.stage})", letter.symbol, letter.interval, opened)
    often = _count(entry.count, "record") + (f", redriven {entry.redriven}" if entry.redriven else "")
    yield f"{' '.join(filter(None, told))}: {often}"
    yield f"{record.topic}/{record.partition}/{record.offset}, {entry.size} bytes"
    yield letter.rejected.detail


def _harmless(text: str) -> str:
    """What was refused may hold anything, also what a terminal obeys."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _listed(entry: Entry) -> Listed:
    letter = entry.letter
    return Listed(
        reason=letter.rejected.reason,
        detail=letter.rejected.detail,
        stage=letter.stage,
        topic=letter.record.topic,
        partition=letter.record.partition,
        offset=letter.record.offset,
        symbol=letter.symbol,
        interval=letter.interval,
        open_time=letter.open_time,
        at=letter.at,
        count=entry.count,
        redriven=entry.redriven,
        size=entry.size,
        omitted=entry.omitted,
    )


def _say(done: Redriven) -> int:
    sys.stdout.write(f"{_count(done.published, 'record')} published again; the letters stay\n")
    for number, why in (
        (done.alike, "equal to one of them"),
        (done.omitted, "too large to be kept with their bytes: they are where their letters say, while that is kept"),
        (done.foreign, "of topics that are not this stream's"),
    ):
        if number:
            sys.stdout.write(f"{_count(number, 'letter')} left out: {why}\n")
    return DONE


def _tell_left(book: Book, selection: Selection, letters: tuple[Entry, ...]) -> None:
    left = len(book.chosen(msgspec.structs.replace(selection, again=True))) - len(letters)
    if left:
        sys.stdout.write(f"{_count(left, 'letter')} left out: refused again after a redrive (--again takes them too)\n")


def _tell_unreadable(book: Book) -> None:
    if book.unreadable:
        sys.stderr.write(f"{_count(book.unreadable, 'record')} of the topic are no letters\n")


def _moment(millis: int) -> str:
    """As ISO 8601; what is beyond the calendar as it is."""
    try:
        return datetime.fromtimestamp(millis / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(millis)


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'s' * (number != 1)}"


def _refuse(faults: Iterable[str], code: int) -> int:
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return code
