"""Open times of the exchange's sixteen intervals, with the edges shifted by a time zone. Pure.

Written apart from `core.market.interval`, so that a mistake in one does not hide in the other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptostream.core.market.interval import Millis

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_SECONDS_TO_DAYS = (
    ("s", SECOND, (1,)),
    ("m", MINUTE, (1, 3, 5, 15, 30)),
    ("h", HOUR, (1, 2, 4, 6, 8, 12)),
    ("d", DAY, (1, 3)),
    ("w", 7 * DAY, (1,)),
)
_STEPS = {f"{count}{unit}": count * length for unit, length, counts in _SECONDS_TO_DAYS for count in counts}
_ANCHORS = {"3d": DAY, "1w": 4 * DAY}  # 1970-01-02, and Monday 1970-01-05

NAMES = (*_STEPS, "1M")
"""The intervals by name; case matters (`1m`, `1M`)."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The open times of one interval; `zone` is the offset from UTC in ms at which days begin."""

    interval: str
    zone: Millis = 0

    def floor(self, time: Millis) -> Millis:
        """Open time of the candle that is open at `time`."""
        if self.interval == "1M":
            moment = datetime.fromtimestamp((time + self.zone) // 1000, UTC)
            return _month(moment.year, moment.month) - self.zone
        shift = _ANCHORS.get(self.interval, 0) - self.zone
        return time - (time - shift) % _STEPS[self.interval]

    def next(self, open_time: Millis) -> Millis:
        """The open time after the one at `open_time`."""
        if self.interval == "1M":
            moment = datetime.fromtimestamp((open_time + self.zone) // 1000, UTC)
            return _month(moment.year + moment.month // 12, moment.month % 12 + 1) - self.zone
        return open_time + _STEPS[self.interval]

    def previous(self, open_time: Millis) -> Millis:
        """The open time before the one at `open_time`."""
        return self.floor(open_time - 1)

    def ceil(self, time: Millis) -> Millis:
        """The first open time at or after `time`."""
        below = self.floor(time)
        return below if below == time else self.next(below)


def _month(year: int, month: int) -> Millis:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
