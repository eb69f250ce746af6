"""A series as columns, from the figures that were published, for the formulas of indicators. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tests.judge import grid
from tests.judge.topic import Published
from tests.judge.truth import DECIMALS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Candles ascending by open time, length n; `index` numbers the slots of the grid, from any origin on.

    `first` is the index of the first candle of the series, which may lie before these.
    """

    open_time: Ints
    index: Ints
    revision: Ints
    values: Mapping[str, Floats]
    first: int

    def __len__(self) -> int:
        return len(self.open_time)


def columns_of(interval: str, published: Mapping[int, Published], end: int, begin: int | None = None) -> Columns:
    """The candles with open time before `end`, each at its newest revision; with `begin`, those from there on."""
    times = sorted(time for time in published if time < end and (begin is None or begin <= time))
    figures = [published[time].figures.values for time in times]
    number = partial(np.array, dtype=np.float64)
    return Columns(
        np.array(times, np.int64),
        np.array(list(_numbered(interval, times)), np.int64),
        np.array([published[time].revision for time in times], np.int64),
        {name: number([_float(each[name]) for each in figures]) for name in DECIMALS},
        next(_numbered(interval, [min(published, default=0)])),
    )


def _float(text: str) -> float:
    return float("nan") if text == "null" else float(text)


def _numbered(interval: str, times: list[int]) -> Iterator[int]:
    """Numbers of grid slots since 1970 (weeks since the first Monday, months since January)."""
    if interval != "1M":
        origin = grid.MONDAY if interval == "1w" else 0
        step = grid.following(interval, origin) - origin
        yield from ((time - origin) // step for time in times)
        return
    month = np.array(times, "datetime64[ms]").astype("datetime64[M]").astype(int)
    yield from month.tolist()
