"""The sixteen intervals of Binance and their exact grids of open times.

A grid numbers its open times: index 0 is the open time at or next to the epoch, and the
neighbours of index `i` are `i - 1` and `i + 1`. All arithmetic on candles goes through these
numbers, so that calendar months need no special case elsewhere. Pure.

Grids as measured on the exchange's archives: multiples of the interval from the epoch, except
`3d` (anchored at 1970-01-02), `1w` (Monday 00:00 UTC) and `1M` (first of the month).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

Millis = int
"""Milliseconds since the epoch, UTC."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The length of a candle. `step` is the shortest length in ms (28 days for a month)."""

    name: str
    step: Millis
    anchor: Millis = 0

    @property
    def is_month(self) -> bool:
        """Whether the grid follows the calendar instead of a fixed step."""
        return self.name == "1M"

    def index(self, time: Millis) -> int:
        """Number of the candle that is open at `time`."""
        if self.is_month:
            moment = datetime.fromtimestamp(time // 1000, UTC)
            return (moment.year - 1970) * 12 + moment.month - 1
        return (time - self.anchor) // self.step

    def open_at(self, index: int) -> Millis:
        """Open time of candle number `index`."""
        if self.is_month:
            years, month = divmod(index, 12)
            return int(datetime(1970 + years, month + 1, 1, tzinfo=UTC).timestamp()) * 1000
        return index * self.step + self.anchor

    def floor(self, time: Millis) -> Millis:
        """Open time of the candle that is open at `time`."""
        return self.open_at(self.index(time))

    def ceil(self, time: Millis) -> Millis:
        """First open time at or after `time`."""
        return time if self.is_open_time(time) else self.next(time)

    def next(self, time: Millis) -> Millis:
        """First open time after `time`."""
        return self.open_at(self.index(time) + 1)

    def shift(self, open_time: Millis, candles: int) -> Millis:
        """Open time of the candle `candles` places after (before, if negative) the one at `open_time`."""
        return self.open_at(self.index(open_time) + candles)

    def is_open_time(self, time: Millis) -> bool:
        """Whether `time` lies on the grid."""
        return self.floor(time) == time

    def close_time(self, open_time: Millis) -> Millis:
        """Scheduled close time, as Binance states it: one millisecond before the next open."""
        return self.next(open_time) - 1

    def count(self, start: Millis, end: Millis) -> int:
        """How many open times lie in [start, end); `start` and `end` are open times."""
        return max(0, self.index(end) - self.index(start))

    def opens(self, start: Millis, end: Millis) -> range | tuple[Millis, ...]:
        """The open times in [start, end); `start` is an open time."""
        if self.is_month:
            return tuple(self.open_at(i) for i in range(self.index(start), self.index(end - 1) + 1))
        return range(start, end, self.step)

    def indices(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """`index` of each of `times`, shape (n,)."""
        if self.is_month:
            return times.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
        return (times - self.anchor) // self.step


def _fixed(name: str, step: Millis, anchor: Millis = 0) -> tuple[str, Interval]:
    return name, Interval(name, step, anchor)


INTERVALS: Final = MappingProxyType(
    dict(
        (
            _fixed("1s", SECOND),
            _fixed("1m", MINUTE),
            _fixed("3m", 3 * MINUTE),
            _fixed("5m", 5 * MINUTE),
            _fixed("15m", 15 * MINUTE),
            _fixed("30m", 30 * MINUTE),
            _fixed("1h", HOUR),
            _fixed("2h", 2 * HOUR),
            _fixed("4h", 4 * HOUR),
            _fixed("6h", 6 * HOUR),
            _fixed("8h", 8 * HOUR),
            _fixed("12h", 12 * HOUR),
            _fixed("1d", DAY),
            _fixed("3d", 3 * DAY, DAY),
            _fixed("1w", 7 * DAY, 4 * DAY),
            _fixed("1M", 28 * DAY),
        )
    )
)
"""All intervals of the exchange by name, shortest first; names are case-sensitive (`1m`, `1M`)."""


def to_millis(time: int) -> Millis:
    """A time of the exchange in milliseconds: values from 1e14 on are microseconds."""
    return time // 1000 if time >= 100_000_000_000_000 else time
