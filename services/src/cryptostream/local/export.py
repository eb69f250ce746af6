"""`cryptostream export`: stored rows as a Parquet or CSV file, for backtests and other tools."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from cryptostream.core.market.interval import Millis, to_millis
from cryptostream.core.result import Err, Ok, Result, map_err
from cryptostream.core.stream.windows import BEGINNING, END
from cryptostream.local.data_source import find_data
from cryptostream.local.documents import read_stream
from cryptostream.store.copying import Format, Selection, Target, What
from cryptostream.store.duckdb_store import DuckDbStore

DONE, FAULT, BAD_INPUT = 0, 1, 2
FORMATS: dict[str, Format] = {".parquet": "parquet", ".csv": "csv"}


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to export, and where to; `since` and `until` are times as people write them, none means no bound."""

    to: Path
    what: What = "raw"
    since: str | None = None
    until: str | None = None
    symbols: tuple[str, ...] = ()
    intervals: tuple[str, ...] = ()
    data: Path | None = None
    file: Path | None = None


def export(options: ExportOptions) -> int:
    """Write one file and say how many rows it has; returns the exit code."""
    opened = _open(options)
    if isinstance(opened, Err):
        return _refuse(opened.error, BAD_INPUT)
    store = opened.value
    try:
        selection = _selection(options, store)
        if isinstance(selection, Err):
            return _refuse(selection.error, BAD_INPUT)
        return _write(store, options, selection.value)
    finally:
        store.close()


def _write(store: DuckDbStore, options: ExportOptions, selection: Selection) -> int:
    copied = _copy(store, options, selection)
    if isinstance(copied, Err):
        return _refuse((f"--to: {options.to} cannot be written: {copied.error}",), FAULT)
    kind = "simulated rows" if store.identity.simulated else "rows"
    sys.stdout.write(f"{copied.value} {options.what} {kind} of {store.identity.stream} in {options.to}\n")
    dirty = store.dirty() if options.what == "enriched" else Ok(())
    if isinstance(dirty, Ok) and dirty.value:
        told = "some rows are still to be computed again: start the run again, or use cryptostream recompute"
        sys.stderr.write(f"{told}\n")
    return DONE


def _copy(store: DuckDbStore, options: ExportOptions, selection: Selection) -> Result[int, str]:
    """The file appears whole or not at all."""
    try:
        with TemporaryDirectory(prefix=".export-", dir=options.to.absolute().parent) as name:
            target = Target(Path(name, "rows"), FORMATS[options.to.suffix], Path(name, "aside"))
            copied = store.copy(options.what, selection, target)
            if isinstance(copied, Ok):
                target.file.replace(options.to)
            return map_err(copied, lambda error: error.detail)
    except OSError as fault:
        return Err(str(fault.strerror))


def _refuse(faults: tuple[str, ...], code: int) -> int:
    sys.stderr.write("".join(f"{fault}\n" for fault in faults))
    return code


def _open(options: ExportOptions) -> Result[DuckDbStore, tuple[str, ...]]:
    if options.to.suffix not in FORMATS:
        return Err((f"--to: {options.to.name} must end in {' or '.join(FORMATS)}",))
    if not options.to.absolute().parent.is_dir():
        return Err((f"--to: {options.to.parent} is no directory: make it first",))
    stream = None
    if options.file is not None:
        read = read_stream(options.file)
        if isinstance(read, Err):
            return Err(tuple(map(str, read.error)))
        stream = read.value[0].stream
    found = find_data(options.data, stream)
    if isinstance(found, Err):
        return Err((found.error,))
    opened = DuckDbStore.read(found.value)
    return Err((opened.error.detail,)) if isinstance(opened, Err) else opened


# ---------------------------------------------------------------- what is selected


def _selection(options: ExportOptions, store: DuckDbStore) -> Result[Selection, tuple[str, ...]]:
    """The rows that are asked for, or everything wrong with the question."""
    series = store.series()
    if isinstance(series, Err):
        return Err((series.error.detail,))
    symbols = _chosen("--symbol", options.symbols, tuple(dict.fromkeys(each.symbol for each in series.value)))
    intervals = _chosen("--interval", options.intervals, tuple(dict.fromkeys(each.interval for each in series.value)))
    start, end = _time("--from", options.since, BEGINNING), _time("--until", options.until, END)
    match symbols, intervals, start, end:
        case Ok(names), Ok(lengths), Ok(first), Ok(after):
            return Ok(Selection(names, lengths, first, after))
        case results:
            return Err(tuple(each.error for each in results if isinstance(each, Err)))


def _chosen(option: str, asked: tuple[str, ...], stored: tuple[str, ...]) -> Result[tuple[str, ...], str]:
    unknown = [name for name in asked if name not in stored]
    if unknown:
        return Err(f"{option}: nothing is stored of {', '.join(unknown)}: use {', '.join(stored) or 'none'}")
    return Ok(asked or stored)


def _time(option: str, text: str | None, otherwise: Millis) -> Result[Millis, str]:
    """Milliseconds or microseconds since the epoch, or ISO 8601, in UTC unless it says otherwise."""
    if text is None:
        return Ok(otherwise)
    if text.isdecimal() and len(text) <= 17:
        return Ok(to_millis(int(text)))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return Err(f"{option}: {text} is no time: write it as 2025-10-29T12:00Z, or in ms since 1970")
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Ok(int(moment.timestamp() * 1000))
