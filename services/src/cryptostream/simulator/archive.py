"""The bulk archive in the layout of data.binance.vision: one zipped CSV a day or month, and its checksum. Pure."""

import hashlib
import io
import re
import zipfile
from calendar import timegm

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.grid import DAY, NAMES, Grid
from cryptostream.simulator.http11 import Answer
from cryptostream.simulator.market import Line
from cryptostream.simulator.row import csv_row
from cryptostream.simulator.state import State

_PATH = re.compile(
    r"/data/spot/(?P<span>daily|monthly)/klines/(?P<symbol>[A-Z0-9]+)/(?P<interval>\w+)/"
    r"(?P=symbol)-(?P=interval)-(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d))?\.zip(?P<sum>\.CHECKSUM)?"
)
_MICROS_FROM: Millis = 1_735_689_600_000  # 2025-01-01: files from then on are in µs
_NO_DAILY = ("3d", "1w", "1M")
_NO_MONTHLY = ("1s",)  # 2.6 million rows, for which nobody here has a use


def archive_answer(path: str, state: State) -> Answer:
    """The file at `path`: there from the end of its day or month on."""
    match = _PATH.fullmatch(path)
    interval = match["interval"].replace("1mo", "1M") if match and match["interval"] != "1M" else ""
    if (
        not match
        or interval not in NAMES
        or match["symbol"] not in state.symbols()
        or state.faults.archive == "missing"
    ):
        return Answer(404)
    is_daily = match["span"] == "daily"
    if is_daily != bool(match["day"]) or interval in (_NO_DAILY if is_daily else _NO_MONTHLY):
        return Answer(404)
    start = _midnight(int(match["year"]), int(match["month"]), int(match["day"] or 1))
    end = start + DAY if is_daily else Grid("1M").next(start)
    if end > state.view.now:
        return Answer(404)
    stem = path.rpartition("/")[2].partition(".")[0]
    body = _zipped(stem, _lines(Line(match["symbol"], interval), start, end, state))
    if not body:
        return Answer(404)
    return (
        Answer(200, _checksum(stem, body, state), "text/plain")
        if match["sum"]
        else Answer(200, body, "application/zip")
    )


def _lines(line: Line, start: Millis, end: Millis, state: State) -> list[str]:
    rows = state.market.rows(line, start, end - 1, 2**62, state.view)
    kept = rows[: len(rows) // 2] if state.faults.archive == "truncated" else rows
    return [csv_row(row, 1000 if start >= _MICROS_FROM else 1) for row in kept]


def _zipped(stem: str, lines: list[str]) -> bytes:
    """The same bytes for the same lines, or none for none."""
    if not lines:
        return b""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr(zipfile.ZipInfo(f"{stem}.csv"), "\n".join(lines) + "\n", zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _checksum(stem: str, body: bytes, state: State) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    told = digest[::-1] if state.faults.archive == "bad_checksum" else digest
    return f"{told}  {stem}.zip".encode()


def _midnight(year: int, month: int, day: int) -> Millis:
    return timegm((year, month, day, 0, 0, 0)) * 1000
