"""Recorded candles from CSV files: names and rows into values. Reads files; decides nothing about time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from cryptostream.core.market.interval import Millis, to_millis
from cryptostream.core.result import Err, Ok, Result, collect
from cryptostream.simulator.grid import NAMES, Grid
from cryptostream.simulator.row import UNIT, Row, decimal8

_NAME = re.compile(rf"(?:.*?_)?(?P<symbol>[A-Z0-9.]+)-(?P<interval>{'|'.join(NAMES)}|1mo)(?:-.*|[._].*)?\.csv")


@dataclass(frozen=True, slots=True)
class Recording:
    """One file: the rows of a series, ascending by open time."""

    symbol: str
    interval: str
    rows: tuple[Row, ...]

    @property
    def span(self) -> tuple[Millis, Millis]:
        """[first open time, end of the last candle) in ms."""
        return self.rows[0].open_time, Grid(self.interval).next(self.rows[-1].open_time)


def recordings(path: Path) -> Result[tuple[Recording, ...], tuple[str, ...]]:
    """The recordings in the directory or file `path`; names are `[prefix_]SYMBOL-INTERVAL[-…].csv`, others are
    passed over. Every fault found is told, with file, line and column.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    named = [(file, match) for file in files if (match := _NAME.fullmatch(file.name))]
    if not named:
        wanted = "none of its files is" if path.is_dir() else "it is not"
        return Err((f"{path}: nothing to replay, {wanted} called [prefix_]SYMBOL-INTERVAL[-…].csv",))
    read = collect(_read(file, match["symbol"], match["interval"].replace("1mo", "1M")) for file, match in named)
    if isinstance(read, Err):
        return Err(tuple(fault for faults in read.error for fault in faults))
    return Ok(tuple(one for one in read.value if one.rows))


def _read(file: Path, symbol: str, interval: str) -> Result[Recording, tuple[str, ...]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return Err((f"{file}: cannot be read: {error}",))
    rows = collect(_row(file, number, line) for number, line in _data(lines))
    if isinstance(rows, Err):
        return Err(rows.error)
    by_time = {row.open_time: row for row in rows.value}
    return Ok(Recording(symbol, interval, tuple(by_time[time] for time in sorted(by_time))))


def _data(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The numbered lines without an empty one and without a header."""
    for number, line in enumerate(lines, 1):
        if line.strip() and not (number == 1 and not line.lstrip()[:1].isdigit()):
            yield number, line


def _row(file: Path, number: int, line: str) -> Result[Row, str]:
    """Columns as in the archive; of the twelve at least the first seven, up to `close_time`, are there."""
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) < 7:
        return Err(f"{file}:{number}: {len(cells)} columns; there must be 7 to 12, as in Binance's archive")
    more = [cell or None for cell in cells[7:]] + [None] * 4
    try:
        opened, ended = to_millis(int(cells[0])), to_millis(int(cells[6]))
        first, high, low, last, volume = (_decimal(cell) for cell in cells[1:6])
        quote_volume, bought, bought_quote = (_maybe_decimal(more[place]) for place in (0, 2, 3))
        trades = None if more[1] is None else int(more[1])
        return Ok(Row(opened, ended, first, high, low, last, volume, quote_volume, trades, bought, bought_quote))
    except (ValueError, InvalidOperation) as error:
        return Err(f"{file}:{number}: not a candle: {error}; columns must be numbers, times in ms or µs")


def _decimal(text: str) -> str:
    """As the exchange writes it, with eight places; more of them are kept as they are."""
    value = Decimal(text) * UNIT
    if not value.is_finite() or value < 0:
        raise ValueError(f"{text!r} is not a number of 0 or more")
    return decimal8(int(value)) if value == int(value) else format(Decimal(text), "f")


def _maybe_decimal(text: str | None) -> str | None:
    return None if text is None else _decimal(text)
