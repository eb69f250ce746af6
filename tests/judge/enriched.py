"""The enriched bucket: one row a candle, computed again by bare TA-Lib from the candles that were published. Pure.

Values of rows that are warm and have no gap in their window equal one call over the whole series within 1e-9 of the
value's scale, which is its largest value in the series; flat stretches of RSI are the documented exception. All rows
equal one call over the window that the documentation promises, or they are stale.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tests.judge.columns import Bools, Columns, Floats
from tests.judge.findings import Findings
from tests.judge.grid import DAY, HOUR
from tests.judge.indicators import flags, flat, whole, windowed
from tests.judge.raw import Field, Point, differences, same
from tests.judge.stream import Declared, Series

TOLERANCE = 1e-9
THURSDAY = 3
"""Weekday of 1970-01-01, Monday being 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What each row of a series must hold: plain fields exactly, indicator fields within their tolerance."""

    place: Mapping[int, int]
    exact: Mapping[str, list[Field | None]]
    window: Mapping[str, Floats]
    whole: Mapping[str, Floats]
    scale: Mapping[str, float]
    plain: Mapping[str, Bools]

    def fields(self, at: int) -> dict[str, Field]:
        """The fields of the row at place `at`; what is undefined has none."""
        exact = {name: values[at] for name, values in self.exact.items()}
        values = {name: float(column[at]) for name, column in self.window.items() if np.isfinite(column[at])}
        return {name: value for name, value in exact.items() if value is not None} | values


def expected(declared: tuple[Declared, ...], columns: Columns, adjoins: Bools, *, simulated: bool) -> Expected:
    """Computed from `columns`; `adjoins` says of each row whether the slot before it on the grid is there."""
    warm, gap = flags(declared, columns)
    calls = [whole(each, columns) for each in declared]
    windows = [windowed(each, columns) for each in declared]
    plain = [warm & ~gap & ~flat(each, columns) for each in declared]
    return Expected(
        place={int(time): at for at, time in enumerate(columns.open_time)},
        exact=_exact(columns, adjoins, warm, gap, simulated=simulated),
        window={name: values for call in windows for name, values in call.items()},
        whole={name: values for call in calls for name, values in call.items()},
        scale={name: _scale(values) for call in calls for name, values in call.items()},
        plain={name: rows for call, rows in zip(calls, plain, strict=True) for name in call},
    )


def _scale(values: Floats) -> float:
    known = np.abs(values[np.isfinite(values)])
    return float(known.max()) if len(known) else 0.0


def _exact(
    columns: Columns, adjoins: Bools, warm: Bools, gap: Bools, *, simulated: bool
) -> dict[str, list[Field | None]]:
    v = columns.values
    back = np.concatenate(([np.nan], v["close"][:-1])) if len(columns) else v["close"]
    change = np.where(adjoins, v["close"] / back - 1, np.nan)
    return {
        "mean_oc": ((v["open"] + v["close"]) / 2).tolist(),
        "return": [None if np.isnan(each) else each for each in change.tolist()],
        "range": (v["high"] - v["low"]).tolist(),
        "revision": columns.revision.tolist(),
        "hour": (columns.open_time // HOUR % 24).tolist(),
        "weekday": ((columns.open_time // DAY + THURSDAY) % 7).tolist(),
        "warm": warm.tolist(),
        "gap_in_window": gap.tolist(),
        "simulated": [simulated] * len(columns),
    }


def judge_enriched(  # noqa: PLR0917 - as of the raw bucket
    series: Series,
    tags: Mapping[str, str],
    points: Iterable[Point],
    wanted: Expected,
    span: tuple[int, int],
    findings: Findings,
) -> None:
    """Hold the `points` with open time in `span` [start, end) against what is `wanted`."""
    seen: set[int] = set()
    for point in points:
        where = f"{series} {point.time} in the enriched bucket"
        if dict(point.tags) != dict(tags):
            findings.add("wrong", f"{where}: tags {dict(point.tags)}")
        if point.time in seen:
            findings.add("duplicated", f"{where}: another row")
        elif (at := wanted.place.get(point.time)) is None:
            findings.add("wrong", f"{where}: invented, no record says so")
        elif fault := _fault(point, wanted, at):
            findings.add("wrong", f"{where}: {fault}")
        seen.add(point.time)
    for time in wanted.place:
        if span[0] <= time < span[1] and time not in seen:
            findings.add("lost", f"{series} {time} is not in the enriched bucket")


def _fault(point: Point, wanted: Expected, at: int) -> str:
    exact = {name: values[at] for name, values in wanted.exact.items()}
    due = {name: value for name, value in exact.items() if value is not None}
    stored = {name: value for name, value in point.fields.items() if name not in wanted.window}
    if not same(stored, due):
        return differences(stored, due)
    told = (_value_fault(name, point.fields.get(name), wanted, at) for name in wanted.window)
    return ", ".join(fault for fault in told if fault)


def _value_fault(name: str, stored: Field | None, wanted: Expected, at: int) -> str:
    window, series = float(wanted.window[name][at]), float(wanted.whole[name][at])
    if stored is None or np.isnan(window):
        return "" if stored is None and np.isnan(window) else f"{name} is {stored}, not {window}: defined differently"
    if not isinstance(stored, float):
        return f"{name} is no float: {stored!r}"
    if abs(stored - window) > TOLERANCE * wanted.scale[name]:
        return f"{name} is {stored!r}, its window gives {window!r}: stale"
    if wanted.plain[name][at] and not abs(stored - series) <= TOLERANCE * wanted.scale[name]:
        return f"{name} is {stored!r}, one call over the series gives {series!r}"
    return ""
