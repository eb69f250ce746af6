"""Where each candle of a recording stands: open times and positions in files, never the rows themselves.

Reads files; knows nothing of ports. 26 bytes are kept for a row, so that a month of seconds needs 70 MB.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from cryptostream.core.codec.binance import is_header
from cryptostream.core.market.candle import Ints
from cryptostream.core.market.interval import Interval, Millis, to_millis

Range = tuple[Millis, Millis]

_BOM: Final = b"\xef\xbb\xbf"
_LATEST: Final = 10**17
"""The calendar ends before (µs)."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one file: open time (ms) and offset (bytes) of each row, as shape (n,).

    `strays` are lines without an open time: that of a row beside each, and the offset.
    """

    times: Ints
    offsets: Ints
    strays: tuple[tuple[Millis, int], ...]


@dataclass(frozen=True, slots=True)
class Index:
    """All rows of one series, ascending and unique by open time: `files[file[i]]` holds row i at `offset[i]`.

    `ranges` are first and last open time, both included, of what the files hold together.
    """

    files: tuple[Path, ...]
    times: Ints
    file: Ints
    offset: Ints
    strays: tuple[tuple[Millis, int, int], ...]
    ranges: tuple[Range, ...]


def scan(path: Path) -> Lines:
    """Find the rows of one file; a header and empty lines are passed over.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    times, offsets = array("q"), array("q")
    strays: list[tuple[int, int]] = []
    with path.open("rb") as file:
        first = offset = file.seek(len(_BOM) if file.read(len(_BOM)) == _BOM else 0)
        for line in file:
            time = _open_time(line)
            if time is not None:
                times.append(time)
                offsets.append(offset)
            elif line.strip() and not (offset == first and is_header(fields(line))):
                strays.append((len(times) - 1, offset))
            offset += len(line)
    beside = tuple((times[max(row, 0)], at) for row, at in strays if times)
    return Lines(np.array(times, np.int64), np.array(offsets, np.int64), beside)


def fields(line: bytes) -> list[str]:
    """The columns of one line."""
    return line.decode(errors="replace").strip().split(",")


def index(interval: Interval, files: Sequence[tuple[Path, Lines]]) -> Index:
    """Join one or more files that all hold rows: of a repeated open time the last row of the last file counts."""
    times = np.concatenate([lines.times for _, lines in files])
    offset = np.concatenate([lines.offsets for _, lines in files])
    file = np.repeat(np.arange(len(files), dtype=np.int16), [len(lines.times) for _, lines in files])
    order = np.argsort(times, kind="stable")
    last = np.append(np.diff(times[order]) != 0, True)
    kept = order[last]
    return Index(
        files=tuple(path for path, _ in files),
        times=times[kept],
        file=file[kept],
        offset=offset[kept],
        strays=tuple(sorted((time, n, at) for n, (_, lines) in enumerate(files) for time, at in lines.strays)),
        ranges=_merged(interval, [_range(interval, lines.times) for _, lines in files]),
    )


def read(index: Index, first: int, end: int) -> list[bytes]:
    """The lines of rows `first` to `end` (not included).

    Raises
    ------
    OSError
        If a file cannot be read any more.
    """
    opened: dict[int, BinaryIO] = {}
    try:
        return [
            _line(index, opened, int(file), int(offset))
            for file, offset in zip(index.file[first:end], index.offset[first:end], strict=True)
        ]
    finally:
        for file in opened.values():
            file.close()


def read_stray(index: Index, file: int, offset: int) -> bytes:
    """One line that is no row.

    Raises
    ------
    OSError
        If the file cannot be read any more.
    """
    with index.files[file].open("rb") as opened:
        opened.seek(offset)
        return opened.readline()


def _line(index: Index, opened: dict[int, BinaryIO], file: int, offset: int) -> bytes:
    if file not in opened:
        opened[file] = index.files[file].open("rb")
    opened[file].seek(offset)
    return opened[file].readline()


def _open_time(line: bytes) -> Millis | None:
    text = line.partition(b",")[0].strip()
    return to_millis(time) if text.isdigit() and len(text) < 18 and (time := int(text)) < _LATEST else None


def _range(interval: Interval, times: Ints) -> Range:
    """Off the grid nothing begins or ends."""
    return interval.floor(int(times.min())), interval.floor(int(times.max()))


def _merged(interval: Interval, ranges: list[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= interval.next(merged[-1][1]):
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)
