"""Stored enriched rows against computed ones, bit for bit. Pure."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from cryptostream.core.market.candle import Bools, EnrichedTable, Floats, Ints
from cryptostream.core.market.interval import Millis

Column = Floats | Ints | Bools
COLUMNS = ("revision", "warm", "gap_in_window", "hour", "weekday")


def row_differences(stored: EnrichedTable, computed: EnrichedTable) -> Iterator[tuple[Millis, str]]:
    """Rows that are not the same, by open time: what is there on one side only, or the first value that differs.

    Two undefined values are the same. A value that is not computed (of an indicator which the stream no longer
    has) is not compared.
    """
    alone = {
        **dict.fromkeys(_without(stored.open_time, computed.open_time), "there is a row, but no candle"),
        **dict.fromkeys(_without(computed.open_time, stored.open_time), "there is a candle, but no row"),
    }
    opens, mine, theirs = np.intersect1d(stored.open_time, computed.open_time, return_indices=True)
    fields = tuple(computed.values)
    left, right = _columns(stored, fields, mine), _columns(computed, fields, theirs)
    differ = {name: ~_identical(left[name], right[name]) for name in left}
    changed = {
        int(opens[row]): _told([name for name in differ if differ[name][row]], left, right, row)
        for row in np.flatnonzero(np.logical_or.reduce(tuple(differ.values()))).tolist()
    }
    yield from sorted({**alone, **changed}.items())


def _without(opens: Ints, others: Ints) -> list[Millis]:
    left: list[Millis] = np.setdiff1d(opens, others).tolist()
    return left


def _columns(table: EnrichedTable, fields: Iterable[str], rows: Ints) -> dict[str, Column]:
    undefined = np.full(len(table), np.nan)
    values = {name: table.values.get(name, undefined)[rows] for name in fields}
    return values | {name: getattr(table, name)[rows] for name in COLUMNS}


def _identical(left: Column, right: Column) -> Bools:
    same: Bools = left == right
    if left.dtype.kind != "f":
        return same
    same = left.view(np.int64) == right.view(np.int64)
    return same | (np.isnan(left) & np.isnan(right))


def _told(names: list[str], left: Mapping[str, Column], right: Mapping[str, Column], row: int) -> str:
    name = names[0]
    told = f"{name} is {left[name][row].item()}, computed {right[name][row].item()}"
    return told if len(names) == 1 else f"{told} (and {len(names) - 1} more)"
