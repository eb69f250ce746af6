"""The raw bucket: one point a candle, field by field what its newest record says. Pure; points are given to it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tests.judge.findings import Findings
from tests.judge.ledger import Gap
from tests.judge.stream import Series
from tests.judge.topic import Published
from tests.judge.truth import DECIMALS

Field = float | int | str | bool


class Point(NamedTuple):
    """A stored point: time in ms, tags, fields with the types that the store has."""

    time: int
    tags: Mapping[str, str]
    fields: Mapping[str, Field]


def wanted_fields(record: Published, *, simulated: bool, flagged: bool = False) -> dict[str, Field]:
    """The fields of the point of a record, decimals as floats; what is undefined has no field."""
    values = record.figures.values
    fields: dict[str, Field] = {name: float(values[name]) for name in DECIMALS if values[name] != "null"}
    integers = {
        **{name: int(values[name]) for name in ("close_time", "trades") if values[name] != "null"},
        "first_trade_id": record.figures.first_trade_id,
        "last_trade_id": record.figures.last_trade_id,
        "exchange_time": record.exchange_time,
        "published_at": record.published_at,
        "revision": record.revision,
    }
    fields |= {name: value for name, value in integers.items() if value is not None}
    return fields | {"lane": record.lane, "source": record.source, "simulated": simulated, "flagged": flagged}


def judge_raw(
    series: Series,
    tags: Mapping[str, str],
    points: Iterable[Point],
    wanted: Mapping[int, list[dict[str, Field]]],
    findings: Findings,
) -> None:
    """Hold `points` against what is `wanted` at each open time: one of the alternatives there."""
    seen: set[int] = set()
    for point in points:
        place = f"{series} {point.time} in the raw bucket"
        if dict(point.tags) != dict(tags):
            findings.add("wrong", f"{place}: tags {dict(point.tags)}")
        if point.time in seen:
            findings.add("duplicated", f"{place}: another point")
        elif point.time not in wanted:
            findings.add("wrong", f"{place}: invented, no record says so")
        elif not any(same(point.fields, fields) for fields in wanted[point.time]):
            findings.add("wrong", f"{place}: {differences(point.fields, wanted[point.time][0])}")
        seen.add(point.time)
    for time in sorted(wanted.keys() - seen):
        findings.add("lost", f"{series} {time} is not in the raw bucket")


def same(stored: Mapping[str, Field], wanted: Mapping[str, Field]) -> bool:
    """Equal in names, types and values."""
    return stored == wanted and all(type(stored[name]) is type(value) for name, value in wanted.items())


def differences(stored: Mapping[str, Field], wanted: Mapping[str, Field]) -> str:
    names = [n for n in sorted(stored.keys() | wanted.keys()) if not _equal(stored.get(n), wanted.get(n))]
    return ", ".join(f"{name} is {stored.get(name)!r}, not {wanted.get(name)!r}" for name in names)


def _equal(one: Field | None, other: Field | None) -> bool:
    return type(one) is type(other) and one == other


def judge_gap_points(points: Iterable[Point], gaps: Iterable[Gap], findings: Findings) -> None:
    """The points of measurement `gap` are the ledger's gaps, field by field."""
    left = {(gap.series, gap.start): gap for gap in gaps}
    for point in points:
        series = Series(point.tags.get("symbol", ""), point.tags.get("interval", ""))
        gap = left.pop((series, point.time), None)
        if gap is None:
            findings.add("wrong", f"gap of {series} from {point.time} in the raw bucket: not in the ledger")
        elif not same(point.fields, dict(_gap_fields(gap))):
            findings.add("wrong", f"{gap} in the raw bucket: {differences(point.fields, dict(_gap_fields(gap)))}")
    for gap in left.values():
        findings.add("lost", f"{gap} is not in the raw bucket")


def _gap_fields(gap: Gap) -> Iterator[tuple[str, Field]]:
    for name, value in gap.stated.items():
        if name not in {"schema", "from"} and value is not None:
            yield name, value
