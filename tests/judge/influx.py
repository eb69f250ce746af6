"""Reads points of InfluxDB v2 by Flux over plain HTTP, in pages of bounded size. An edge."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from tests.judge.raw import Field, Point
from tests.judge.stream import Series

FIXED = {"result", "table", "_time", ""}
TAGS = ("coin", "exchange", "interval", "stream", "symbol")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
_TYPES: dict[str, Callable[[str], Field]] = {
    "double": float,
    "long": int,
    "string": str,
    "boolean": lambda text: text == "true",
}


class Influx:
    """A server at `url`; `token` may read the buckets.

    `ca_file` signs its certificate, if it has one, which is for `name`, if that is not in the URL.
    """

    def __init__(self, url: str, org: str, token: str, ca_file: str | None = None, *, name: str | None = None) -> None:
        self._url = f"{url}/api/v2/query?org={org}"
        self._headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        retries = urllib3.Retry(5, backoff_factor=0.2, status_forcelist=(502, 503, 504), allowed_methods=None)
        named: dict[str, Any] = {} if name is None else {"assert_hostname": name, "server_hostname": name}
        self._pool = urllib3.PoolManager(ca_certs=ca_file, timeout=60, retries=retries, **named)

    def points(
        self, bucket: str, measurement: str, stream: str, series: Series | None, span: tuple[int, int]
    ) -> Iterator[Point]:
        """Points with time in `span` [start, end) ms, of one series or of all, tables one after the other."""
        return self.pivoted(_selected(bucket, measurement, stream, series, span))

    def pivoted(self, flux: str) -> Iterator[Point]:
        """The rows of a query, its fields brought together by time."""
        drop = '|> drop(columns: ["_start", "_stop", "_measurement"])'
        pivot = '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
        return _points(self._query(f"{flux} {drop} {pivot}"))

    def counts(self, bucket: str, measurement: str, field: str, stream: str) -> dict[tuple[str, ...], int]:
        """How many points each set of `TAGS` has, wherever in time."""
        everything = (-(2**40), 2**42)  # 1935 to 2109
        selected = _selected(bucket, measurement, stream, None, everything)
        rows = _rows(self._query(f'{selected} |> filter(fn: (r) => r._field == "{field}") |> count()'))
        return {tuple(row.get(tag, "") for tag in TAGS): int(row["_value"]) for _, row in rows}

    def sums(
        self,
        bucket: str,
        measurement: str,
        stream: str,
        series: Series,
        span: tuple[int, int],
        *,
        fields: Iterable[str],
    ) -> dict[str, tuple[int, int | float]]:
        """How many points have each of these fields of numbers, and the sum of it; the store adds up where it reads."""
        named = " or ".join(f'r._field == "{name}"' for name in fields)
        selected = f"{_selected(bucket, measurement, stream, series, span)} |> filter(fn: (r) => {named})"
        counts, sums = (
            {row["_field"]: _number(types["_value"], row["_value"]) for types, row in _rows(self._query(query))}
            for query in (f"{selected} |> {how}()" for how in ("count", "sum"))
        )
        return {name: (int(count), sums[name]) for name, count in counts.items()}

    def _query(self, flux: str) -> str:
        body = json.dumps({"query": flux, "dialect": {"annotations": ["datatype"], "header": True}})
        answer = self._pool.request("POST", self._url, body=body, headers=self._headers)
        assert answer.status == 200, f"{answer.status} {answer.data[:500]!r}: {flux}"
        return answer.data.decode()


def _selected(bucket: str, measurement: str, stream: str, series: Series | None, span: tuple[int, int]) -> str:
    start, stop = (f"time(v: {time * 1_000_000})" for time in span)
    wanted = [f'r._measurement == "{measurement}"', f'r.stream == "{stream}"']
    if series is not None:
        wanted += [f'r.symbol == "{series.symbol}"', f'r.interval == "{series.interval}"']
    filtered = f"|> filter(fn: (r) => {' and '.join(wanted)})"
    return f'from(bucket: "{bucket}") |> range(start: {start}, stop: {stop}) {filtered}'


def _points(text: str) -> Iterator[Point]:
    for types, row in _rows(text):
        tags = {name: row[name] for name in TAGS if row.get(name)}
        fields = {
            name: _TYPES[types[name]](value)
            for name, value in row.items()
            if value and name not in FIXED and name not in TAGS
        }
        yield Point(_millis(row["_time"]), tags, fields)


def _rows(text: str) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Types and values by column, of each row of an annotated CSV; tables of other columns have heads of their own."""
    types: list[str] = []
    names: list[str] | None = None
    for cells in csv.reader(io.StringIO(text)):
        if not cells:
            names = None
        elif cells[0] == "#datatype":
            types, names = cells, None
        elif names is None:
            names = cells
        else:
            assert "error" not in names, cells
            yield dict(zip(names, types, strict=True)), dict(zip(names, cells, strict=True))


def _number(kind: str, text: str) -> int | float:
    return int(text) if kind == "long" else float(text)


def _millis(text: str) -> int:
    """A time as RFC 3339; -1 if it is no whole millisecond, which no open time can be."""
    whole, part = divmod(datetime.fromisoformat(text) - EPOCH, MILLISECOND)
    return -1 if part else whole
