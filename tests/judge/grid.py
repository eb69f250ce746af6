"""The grid of open times by the exchange's rules: UTC, weeks begin on Monday, months are the calendar's. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
MONDAY = 4 * DAY
"""1970-01-05, the first Monday."""

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def floor(interval: str, time: int) -> int:
    """Open time (ms) of the candle that `time` lies in."""
    if interval == "1M":
        at = datetime.fromtimestamp(time // 1000, UTC)
        return _month(at.year, at.month)
    if interval == "1w":
        return time - (time - MONDAY) % (7 * DAY)
    return time - time % _step(interval)


def following(interval: str, open_time: int) -> int:
    """Open time of the candle after the one that opens at `open_time`."""
    if interval == "1M":
        at = datetime.fromtimestamp(open_time // 1000, UTC)
        return _month(at.year + at.month // 12, at.month % 12 + 1)
    return open_time + (7 * DAY if interval == "1w" else _step(interval))


def first_at_or_after(interval: str, time: int) -> int:
    below = floor(interval, time)
    return below if below == time else following(interval, below)


def opens(interval: str, start: int, end: int) -> Iterator[int]:
    """Open times in [start, end)."""
    time = first_at_or_after(interval, start)
    while time < end:
        yield time
        time = following(interval, time)


def closed_by(interval: str, time: int) -> int:
    """The first open time whose candle is not over at `time`."""
    return floor(interval, time)


def _step(interval: str) -> int:
    return int(interval[:-1]) * _UNITS[interval[-1]]


def _month(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
