"""Do shorter candles add up to the longer one? The cross-timeframe check. Pure.

Sixty 1m candles are one 1h candle: the first one's open, the highest high, the lowest low, the last one's
close, and the sums of volumes and trades. A longer candle is checked only if all of its parts are stored;
one that the exchange cut short has fewer.

A part without trades is flat at the close before it. A longer candle knows nothing of that price: it opens
with its first trade, so parts without volume have no say in open, high and low where others have some.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from cryptostream.core.market.candle import Bools, CandleTable, Floats, Ints
from cryptostream.core.market.interval import DAY, Interval, Millis

TOLERANCE: Final = 1e-9
"""How far sums of volumes may be apart, relative to the larger: floats do not add up exactly."""
VOLUMES: Final = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")


@dataclass(frozen=True, slots=True)
class RollupDifference:
    """In one longer candle, a `field` whose `stored` value is not the `rolled_up` one of its parts."""

    open_time: Millis
    field: str
    stored: float
    rolled_up: float

    def __str__(self) -> str:
        return f"{self.field} is {self.stored:.12g}, its parts make {self.rolled_up:.12g}"


def divides(part: Interval, whole: Interval) -> bool:
    """Whether every candle of `whole` consists of whole candles of `part`, more than one."""
    if whole.is_month:
        return not part.is_month and DAY % part.step == 0
    return part.step < whole.step and whole.step % part.step == 0 and (whole.anchor - part.anchor) % part.step == 0


def rollup_differences(
    parts: CandleTable, part_interval: Interval, wholes: CandleTable, whole_interval: Interval
) -> tuple[RollupDifference, ...]:
    """Where `wholes` are not what their `parts` add up to, by open time.

    Parameters
    ----------
    parts, wholes
        Stored candles of one symbol over `part_interval` and `whole_interval`, where `divides` holds.
        What a source did not state (NaN, -1) is not compared.
    """
    ends = _next_opens(whole_interval, wholes.open_time)
    begin, end = parts.open_time.searchsorted(wholes.open_time), parts.open_time.searchsorted(ends)
    full = (end - begin) * part_interval.step == ends - wholes.open_time
    if not full.any():
        return ()
    opens, begin, end = wholes.open_time[full], begin[full], end[full]
    rolled = _rolled_up(parts, begin, end)
    found = [
        RollupDifference(int(opens[row]), field, float(stored[row]), float(value[row]))
        for field, value in rolled.items()
        for stored in (getattr(wholes, field)[full],)
        for row in np.flatnonzero(_differ(field, stored, value)).tolist()
    ]
    return tuple(sorted(found, key=lambda difference: difference.open_time))


def _rolled_up(parts: CandleTable, begin: Ints, end: Ints) -> dict[str, Floats | Ints]:
    trades = _reduce(np.add, parts.trades, begin, end)
    known = _reduce(np.minimum, parts.trades, begin, end) >= 0
    traded = parts.volume > 0
    first, any_traded = _first_traded(traded, begin, end)
    high = _reduce(np.maximum, np.where(traded, parts.high, -np.inf), begin, end)
    low = _reduce(np.minimum, np.where(traded, parts.low, np.inf), begin, end)
    return {
        "open": parts.open[first],
        "high": np.where(any_traded, high, parts.high[begin]),
        "low": np.where(any_traded, low, parts.low[begin]),
        "close": parts.close[end - 1],
        **{name: _reduce(np.add, getattr(parts, name), begin, end) for name in VOLUMES},
        "trades": np.where(known, trades, -1),
    }


def _first_traded(traded: Bools, begin: Ints, end: Ints) -> tuple[Ints, Bools]:
    """The first part of each pair with trades, or else its first; and whether it has any."""
    places = np.where(traded, np.arange(len(traded)), len(traded))
    following = np.minimum.accumulate(places[::-1])[::-1][begin]
    any_traded: Bools = following < end
    return np.where(any_traded, following, begin), any_traded


def _reduce(combine: np.ufunc, column: Floats | Ints, begin: Ints, end: Ints) -> Floats | Ints:
    """`combine` over [begin, end) of each pair; every second segment lies between two pairs."""
    padded = np.append(column, column[-1:])
    reduced: Floats | Ints = combine.reduceat(padded, np.column_stack((begin, end)).ravel())[::2]
    return reduced


def _differ(field: str, stored: Floats | Ints, rolled_up: Floats | Ints) -> Bools:
    """Where both are known and not the same; a comparison with NaN is false."""
    unequal: Bools
    if field == "trades":
        unequal = (stored != rolled_up) & (stored >= 0) & (rolled_up >= 0)
    else:
        tolerance = TOLERANCE if field in VOLUMES else 0.0
        unequal = np.abs(stored - rolled_up) > tolerance * np.maximum(stored, rolled_up)
    return unequal


def _next_opens(interval: Interval, opens: Ints) -> Ints:
    if interval.is_month:
        following = (interval.indices(opens) + 1).astype("datetime64[M]")
        return following.astype("datetime64[ms]").astype(np.int64)
    return opens + interval.step
