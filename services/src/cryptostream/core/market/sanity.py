"""Whether stored candles can be true: each by itself, and one after another by their trade ids. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cryptostream.core.market.candle import Bools, CandleTable, Ints
from cryptostream.core.market.interval import Interval, Millis

Fault = tuple[Millis, str]
"""Open time of a candle and what is wrong with it."""


def candle_faults(table: CandleTable, interval: Interval) -> Iterator[Fault]:
    """Candles that validation would have refused, with the first thing wrong with each; by open time."""
    wrong = _wrong(table, interval)
    names = tuple(wrong)
    matrix = np.array([wrong[name] for name in names])
    for row in np.flatnonzero(matrix.any(axis=0)).tolist():
        yield int(table.open_time[row]), names[int(matrix[:, row].argmax())]


def _wrong(table: CandleTable, interval: Interval) -> dict[str, Bools]:
    prices = np.array([table.open, table.high, table.low, table.close])
    volumes = np.array([table.volume, table.quote_volume, table.taker_buy_volume, table.taker_buy_quote_volume])
    index = interval.indices(table.open_time)
    counted = table.last_trade_id - table.first_trade_id + 1
    ids = (table.first_trade_id >= 0) & (table.trades >= 0)
    return {
        "the open time is not on the grid": _opens(interval, index) != table.open_time,
        "it does not close within its interval": (table.close_time < table.open_time)
        | (table.close_time >= _opens(interval, index + 1)),
        "a price is not above 0": ~((prices > 0) & np.isfinite(prices)).all(axis=0),
        "a volume is below 0": (volumes < 0).any(axis=0) | np.isinf(volumes).any(axis=0) | np.isnan(table.volume),
        "high is not the highest price": prices.max(axis=0) != table.high,
        "low is not the lowest price": prices.min(axis=0) != table.low,
        "its trade ids are not as many as its trades": ids & (counted != table.trades),
    }


def _opens(interval: Interval, index: Ints) -> Ints:
    if interval.is_month:
        return index.astype("datetime64[M]").astype("datetime64[ms]").astype(np.int64)
    return index * interval.step + interval.anchor


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a chain of trade ids stands: the grid index of the last candle, and the last id up to it if known."""

    index: int
    last_trade_id: int | None


def chain_breaks(table: CandleTable, interval: Interval, tail: Tail | None = None) -> tuple[list[Fault], Tail | None]:
    """Candles whose first trade is not the one after the last trade before them.

    Two candles are held against one another where both state their ids and every candle between them is
    there and had no trade.

    Parameters
    ----------
    tail
        What was returned for the rows before `table`, which may be read in pieces.
    """
    if not len(table):
        return [], tail
    index, first, last = interval.indices(table.open_time), table.first_trade_id, table.last_trade_id
    quiet = table.trades == 0
    if tail is not None:
        index = np.append(tail.index, index)
        first, last = np.append(-1, first), np.append(-1 if tail.last_trade_id is None else tail.last_trade_id, last)
        quiet = np.append(False, quiet)
    active = np.flatnonzero(~quiet)
    before, after = active[:-1], active[1:]
    joined = (index[after] - index[before] == after - before) & (last[before] >= 0) & (first[after] >= 0)
    broken = joined & (first[after] != last[before] + 1)
    faults = [
        (interval.open_at(int(index[row])), f"its first trade is {first[row]}, the last one before it {last[known]}")
        for known, row in zip(before[broken].tolist(), after[broken].tolist(), strict=True)
    ]
    return faults, _tail(index, last, active)


def _tail(index: Ints, last: Ints, active: Ints) -> Tail:
    end = len(index) - 1
    if not len(active):
        return Tail(int(index[end]), None)
    known = int(active[-1])
    unbroken = index[end] - index[known] == end - known and last[known] >= 0
    return Tail(int(index[end]), int(last[known]) if unbroken else None)
