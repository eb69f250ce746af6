"""The truth: every closed candle of the exchange, in each version that it ever had. Pure; what is read is given to it.

The exchange restates its past, so a candle may have several versions. Whoever makes it restate something notes the
truth before and after; then each version is known, in order.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tests.judge.stream import Series

DECIMALS = (
    *("open", "high", "low", "close", "volume"),
    *("quote_volume", "taker_buy_volume", "taker_buy_quote_volume"),
)
INTEGERS = ("close_time", "trades")
VALUES = (*DECIMALS, *INTEGERS)
"""What two statements of the same candle have in common, whatever their source."""
_IDS = ("first_trade_id", "last_trade_id")


class Figures(NamedTuple):
    """One version of a candle: its `VALUES` as one text, joined by blanks (`null` for none), and its trade ids."""

    text: str
    first_trade_id: int | None
    last_trade_id: int | None

    @property
    def values(self) -> dict[str, str]:
        return dict(zip(VALUES, self.text.split(" "), strict=True))


def joined(stated: Mapping[str, Any]) -> str:
    """The `VALUES` of a candle as one text that is equal for equal candles, digit by digit."""
    return " ".join("null" if (value := stated[name]) is None else str(value) for name in VALUES)


class Truth:
    """Versions by series and open time, oldest first."""

    def __init__(self) -> None:
        self._versions: dict[Series, dict[int, tuple[Figures, ...]]] = {}
        self._restated: dict[tuple[Series, int], int] = {}

    def note(self, series: Series, rows: Iterable[Mapping[str, Any]], now: int) -> None:
        """Take in `rows` as the exchange states them `now` (ms); what differs from before is a new version."""
        known = self._versions.setdefault(series, {})
        for row in rows:
            text, before = joined(row), known.get(row["open_time"], ())
            if not before or before[-1].text != text:
                first, last = (None if row[name] in {None, -1} else int(row[name]) for name in _IDS)
                known[row["open_time"]] = (*before, Figures(text, first, last))
                if before:
                    self._restated[series, row["open_time"]] = now

    def versions(self, series: Series, open_time: int) -> tuple[Figures, ...]:
        return self._versions.get(series, {}).get(open_time, ())

    def restated_at(self, series: Series, open_time: int) -> int:
        """When the newest version came up (ms), 0 for a candle that never had another."""
        return self._restated.get((series, open_time), 0)

    def opens(self, series: Series, end: int) -> list[int]:
        """Open times before `end` of which the exchange has a candle, ascending."""
        return sorted(time for time in self._versions.get(series, {}) if time < end)
