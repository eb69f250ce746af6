"""A recording as an exchange: candles from CSV files, answered as REST would answer them. Stands on the file system.

Names by binance-public-data: `[prefix_]SYMBOL-INTERVAL[-…].csv`, the month as `1mo` or `1M`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np

from cryptostream.core.codec.binance import SHOWN, csv_row
from cryptostream.core.market.candle import Candle
from cryptostream.core.market.interval import DAY, INTERVALS, Millis
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.ports import ExchangeError, KlinePage, SymbolInfo
from cryptostream.core.resource.spec import Fault
from cryptostream.core.result import Err, Ok, Result, collect
from cryptostream.exchange.archive_index import Index, Range, fields, index, read, read_stray, scan

_NAME: Final = re.compile(
    rf"(?:.*?_)?(?P<symbol>(?:[^\Wa-z_]|\.)+)-(?P<interval>{'|'.join(INTERVALS)}|1mo)(?:[-._].*)?\.csv"
)
_LISTED: Final = 20
"""Series that a fault names as being there, at most."""
_PAGE: Final = 1000


class Recording:
    """Recorded candles behind the port `Exchange`. Every row counts as closed; safe to use from several threads."""

    def __init__(self, symbols: Mapping[str, Symbol], indices: Mapping[Series, Index]) -> None:
        self._symbols = symbols
        self._indices = indices

    @staticmethod
    def open(
        path: Path, symbols: Mapping[str, Symbol], intervals: Iterable[str]
    ) -> "Result[Recording, tuple[Fault, ...]]":
        """Find the files of each of `symbols` (by name) over each of `intervals`.

        Parameters
        ----------
        path
            A directory, of which files of other names are ignored; or one file, and then only that one counts.

        Returns
        -------
        A fault for each series that has no file, or a file that cannot be read or holds no candle.
        """
        if not path.exists():
            return Err((Fault("--replay", f"{path} does not exist", "name a directory or a file with recorded CSV"),))
        found = _files(path)
        opened = collect(
            _opened(path, Series(symbol, interval), found) for symbol, interval in product(symbols, intervals)
        )
        return Ok(Recording(symbols, dict(opened.value))) if isinstance(opened, Ok) else opened

    def ranges(self, series: Series) -> tuple[Range, ...]:
        """First and last open time of what was recorded of `series`, merged where files overlap or touch."""
        return self._indices[series].ranges

    def end_time(self) -> Millis:
        """The exchange's clock: a day after the last close, so that everything is long over."""
        return max(INTERVALS[series.interval].next(each.ranges[-1][1]) for series, each in self._indices.items()) + DAY

    def clock_offset(self) -> Result[Millis, ExchangeError]:
        """None: a recording has no clock of its own."""
        return Ok(0)

    def symbols(self, names: Iterable[str]) -> Result[Mapping[str, SymbolInfo], ExchangeError]:
        """The symbols that it was opened for."""
        known = [self._symbols[name] for name in names if name in self._symbols]
        return Ok({each.name: SymbolInfo(each.name, each.coin, each.quote, "TRADING") for each in known})

    def klines(self, series: Series, start: Millis, limit: int) -> Result[KlinePage, ExchangeError]:
        """The oldest `limit` (1 to 1000) recorded candles of `series` with open time ≥ `start`."""
        rows = self._indices.get(series)
        if rows is None:
            return Err(ExchangeError("refused", f"the recording has no {series}"))
        first = int(np.searchsorted(rows.times, start))
        try:
            return Ok(self._page(series, rows, first, min(first + min(limit, _PAGE), len(rows.times))))
        except OSError as error:
            return Err(ExchangeError("unavailable", f"the recording of {series} cannot be read: {error}"))

    def _page(self, series: Series, rows: Index, first: int, end: int) -> KlinePage:
        closed: list[Candle] = []
        rejected = [("malformed", _shown(line)) for line in _strays(rows, first, end)]
        for line in read(rows, first, end):
            match csv_row(fields(line), series=series):
                case Ok(candle):
                    closed.append(candle)
                case Err(reject):
                    rejected.append((reject.reason, _shown(line)))
        return KlinePage(tuple(closed), None, self.end_time(), tuple(rejected))


def _files(path: Path) -> Mapping[Series, Sequence[Path]]:
    """The files by series; those of a series in the order of their names."""
    files: dict[Series, list[Path]] = defaultdict(list)
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        match = _NAME.fullmatch(file.name)
        if match and file.is_file():
            files[Series(match["symbol"], match["interval"].replace("1mo", "1M"))].append(file)
    return files


def _opened(path: Path, series: Series, found: Mapping[Series, Sequence[Path]]) -> Result[tuple[Series, Index], Fault]:
    if series not in found:
        there = ", ".join(f"{each.symbol}-{each.interval}" for each in sorted(found)[:_LISTED])
        more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        remedy = f"choose from {there}{more}" if there else "files are called [prefix_]SYMBOL-INTERVAL[-…].csv"
        return Err(Fault("--replay", f"{path} has no file of {series.symbol}-{series.interval}", remedy))
    try:
        lines = [(file, scan(file)) for file in found[series]]
    except OSError as error:
        return Err(Fault("--replay", f"{series} cannot be read: {error}", "make the file readable"))
    for file, each in lines:
        if not len(each.times):
            remedy = "its first column must be the open time; repair the file or take it away"
            return Err(Fault("--replay", f"{file} holds no candle", remedy))
    return Ok((series, index(INTERVALS[series.interval], lines)))


def _strays(rows: Index, first: int, end: int) -> Iterable[bytes]:
    """Lines without an open time that stand beside one of the rows."""
    if rows.strays and first < end:
        opened, last = rows.times[first], rows.times[end - 1]
        yield from (read_stray(rows, file, at) for time, file, at in rows.strays if opened <= time <= last)


def _shown(line: bytes) -> str:
    return line.decode(errors="replace").strip()[:SHOWN]
