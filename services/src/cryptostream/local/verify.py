"""`cryptostream verify`: proves that what is stored is complete and right, or says what is not."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console

from cryptostream.core.indicators.catalogue import Indicator, compile_indicators
from cryptostream.core.market.gap import ABSENT_CAUSES, Cause
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.rollup import rollup_differences
from cryptostream.core.market.series import Series
from cryptostream.core.resource.parse import parse_stream
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_config import part_of
from cryptostream.core.stream.runs import size
from cryptostream.local.data_source import find_data
from cryptostream.local.documents import read_stream
from cryptostream.local.verify_check import check
from cryptostream.local.verify_read import PAGE, Notes, Reader, read_notes
from cryptostream.local.verify_report import UNFINISHED, Finding, Findings, Report, SeriesReport
from cryptostream.local.verify_show import show
from cryptostream.store.duckdb_notes import RESOURCE
from cryptostream.store.duckdb_store import DuckDbStore

DONE, FAULT, BAD_INPUT = 0, 1, 2
NO_RESOURCE = "the data does not say which resource it belongs to: name it with -f"

Faults = tuple[str, ...]


def verify(*, data: Path | None, file: Path | None, as_json: bool, interrupted: bool) -> int:
    """Verify one data directory and print what was found; returns the exit code.

    Parameters
    ----------
    interrupted
        The run did not end by itself and will be started again: what it has still to do is no fault.
    """
    report = _report(data, file)
    if isinstance(report, Err):
        sys.stderr.write("".join(f"{fault}\n" for fault in report.error))
        return BAD_INPUT
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report.value), indent=2).decode() + "\n")
    else:
        show(report.value, Console())
    faults = set(report.value.differences) - (UNFINISHED if interrupted else frozenset())
    return FAULT if faults else DONE


def _report(data: Path | None, file: Path | None) -> Result[Report, Faults]:
    given = _given(file)
    if isinstance(given, Err):
        return given
    found = find_data(data, given.value.stream if given.value else None)
    if isinstance(found, Err):
        return Err((found.error,))
    opened = DuckDbStore.read(found.value)
    if isinstance(opened, Err):
        return Err((opened.error.detail,))
    store = opened.value
    try:
        indicators = _indicators(store, given.value)
        return inspect(store, found.value, indicators.value) if isinstance(indicators, Ok) else indicators
    finally:
        store.close()


def _given(file: Path | None) -> Result[StreamSpec | None, Faults]:
    if file is None:
        return Ok(None)
    read = read_stream(file)
    return Err(tuple(map(str, read.error))) if isinstance(read, Err) else Ok(read.value[0])


def _indicators(store: DuckDbStore, given: StreamSpec | None) -> Result[tuple[Indicator, ...], Faults]:
    """Those of the given resource, or of the one that the run noted."""
    spec = given
    if spec is None:
        noted = store.notes.meta(RESOURCE)
        if isinstance(noted, Err):
            return Err((noted.error.detail,))
        if noted.value is None:
            return Err((NO_RESOURCE,))
        parsed = parse_stream(msgspec.json.decode(noted.value))
        if isinstance(parsed, Err):
            return Err(tuple(map(str, parsed.error)))
        spec = parsed.value
    if spec.stream != store.identity.stream:
        return Err((f"the data is of the stream {store.identity.stream}, the resource of {spec.stream}",))
    compiled = compile_indicators(spec.indicators, spec.intervals)
    return Err(tuple(map(str, compiled.error))) if isinstance(compiled, Err) else compiled


# ---------------------------------------------------------------- the whole of a store


def inspect(
    store: DuckDbStore, directory: Path, indicators: tuple[Indicator, ...], page: int = PAGE
) -> Result[Report, Faults]:
    """Hold everything in `store` against what it must be, `page` candles at a time."""
    notes = read_notes(store)
    if isinstance(notes, Err):
        return Err((notes.error,))
    findings = Findings()
    findings.add(_unfinished(notes.value))
    read = Reader(store, notes.value, indicators, page)
    scanned = [_scan(read, series, findings) for series in notes.value.series]
    rolled = [_roll_up(read, series, findings) for series in notes.value.series]
    faults = tuple(each.error for each in (*scanned, *rolled) if isinstance(each, Err))
    if faults:
        return Err(faults)
    return Ok(
        Report(
            data=str(directory),
            stream=store.identity.stream,
            simulated=store.identity.simulated,
            series=tuple(
                msgspec.structs.replace(each.value, differences=findings.of(each.value.series))
                for each in scanned
                if isinstance(each, Ok)
            ),
            differences=findings.totals(),
            examples=findings.examples(),
        )
    )


def _scan(read: Reader, series: Series, findings: Findings) -> Result[SeriesReport, str]:
    """Check one series piece by piece."""
    subject = read.subject(series)
    if isinstance(subject, Err):
        return subject
    stored, gaps, tail = 0, dict[Cause, int](), None
    for piece in read.pieces(series):
        if isinstance(piece, Err):
            return piece
        checked = check(subject.value, read.indicators, piece.value, tail)
        findings.add(checked.findings)
        stored, tail = stored + checked.stored, checked.tail
        for cause, count in checked.absent.items():
            gaps[cause] = gaps.get(cause, 0) + count
    grid = sum(size(subject.value.interval, run) for run in subject.value.expected)
    absent = sum(count for cause, count in gaps.items() if cause in ABSENT_CAUSES)
    return Ok(SeriesReport(series, grid - absent, stored, gaps, {}))


def _roll_up(read: Reader, whole: Series, findings: Findings) -> Result[None, str]:
    """Hold each candle against its parts, the longest that are stored."""
    part = part_of((each.interval for each in read.notes.series if each.symbol == whole.symbol), whole.interval)
    if part is None:
        return Ok(None)
    for piece in read.rollups(whole, part):
        if isinstance(piece, Err):
            return piece
        wholes, parts = piece.value
        found = rollup_differences(parts, INTERVALS[part], wholes, INTERVALS[whole.interval])
        findings.add(Finding("rollup", f"{each} ({part})", whole, each.open_time) for each in found)
    return Ok(None)


def _unfinished(notes: Notes) -> Iterator[Finding]:
    """What a run left undone, and records that it cannot account for."""
    for each in notes.dirty:
        count = size(INTERVALS[each.series.interval], (each.start, each.end))
        yield Finding("dirty", f"up to {count} rows", each.series, each.start, count)
    totals = notes.totals
    if totals is not None:
        known = totals.stored + totals.duplicates + totals.dead_lettered + totals.expired
        if known != totals.published:
            detail = (
                f"the last run published {totals.published} records: {totals.stored} stored + {totals.duplicates} "
                f"duplicates + {totals.dead_lettered} dead-lettered + {totals.expired} expired = {known}"
            )
            yield Finding("conservation", detail, candles=abs(totals.published - known))
