"""What happens to a market from outside: it stops, or its past is restated. Frozen values. Pure."""

from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from cryptostream.core.market.interval import Millis

FOREVER: Millis = 90_000_000_000_000  # the year 4821

Window = tuple[Millis, Millis]
"""[start, end) in ms."""


class Stop(msgspec.Struct, frozen=True):
    """No trades in [start, end). A `halt` goes on giving flat candles without volume; in an `outage` the
    candles that lie wholly inside do not exist, and one that was open when it began and whose end it outlasted
    has an early close time. `end` None: not yet. `symbols` empty: all of them.
    """

    start: Millis
    end: Millis | None = None
    kind: Literal["halt", "outage"] = "outage"
    symbols: tuple[str, ...] = ()


class Restatement(msgspec.Struct, frozen=True):
    """Every `every`-th trade in [start, end) turns out to have been of twice the size; prices stay."""

    start: Millis
    end: Millis
    symbols: tuple[str, ...] = ()
    every: Annotated[int, msgspec.Meta(ge=1)] = 1


class Events(msgspec.Struct, frozen=True):
    """All of them."""

    stops: tuple[Stop, ...] = ()
    restatements: tuple[Restatement, ...] = ()


class SymbolEvents(msgspec.Struct, frozen=True):
    """Those of one symbol: windows without trades, windows without candles (ascending and apart), restatements."""

    dark: tuple[Window, ...] = ()
    absent: tuple[Window, ...] = ()
    restated: tuple[Restatement, ...] = ()

    def within(self, start: Millis, end: Millis) -> "SymbolEvents":
        """What of them changes trades in [start, end)."""
        return SymbolEvents(
            dark=tuple(w for w in self.dark if w[0] < end and start < w[1]),
            restated=tuple(r for r in self.restated if r.start < end and start < r.end),
        )


NOTHING = SymbolEvents()


@lru_cache(maxsize=4096)
def of_symbol(events: Events, symbol: str) -> SymbolEvents:
    """The part of `events` that concerns `symbol`."""
    stops = [s for s in events.stops if not s.symbols or symbol in s.symbols]
    return SymbolEvents(
        dark=_merged([(s.start, _end(s)) for s in stops]),
        absent=_merged([(s.start, _end(s)) for s in stops if s.kind == "outage"]),
        restated=tuple(r for r in events.restatements if not r.symbols or symbol in r.symbols),
    )


def hole(events: SymbolEvents, start: Millis, end: Millis, now: Millis) -> Window | None:
    """The window because of which the candle [start, end) does not exist as seen `now`, or not yet."""
    return next((w for w in events.absent if w[0] <= start < w[1] and (end <= w[1] or now < w[1])), None)


def actual_end(events: SymbolEvents, start: Millis, end: Millis, now: Millis) -> Millis:
    """Where the candle [start, end) ended as seen `now`: early if an outage began within it and outlasted it."""
    return min((w[0] for w in events.absent if start < w[0] < end <= min(w[1], now)), default=end)


def is_dark(windows: tuple[Window, ...], time: Millis) -> bool:
    """Whether `time` lies in one of `windows`."""
    return any(start <= time < end for start, end in windows)


def _end(stop: Stop) -> Millis:
    return FOREVER if stop.end is None else stop.end


def _merged(windows: list[Window]) -> tuple[Window, ...]:
    merged: list[Window] = []
    for start, end in sorted(windows):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
