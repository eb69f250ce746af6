"""The recorded market: what the files hold, served as if it happened now."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from types import MappingProxyType

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.events import SymbolEvents, actual_end, hole, of_symbol
from cryptostream.simulator.grid import Grid
from cryptostream.simulator.market import Line, Traded, View
from cryptostream.simulator.recording import Recording
from cryptostream.simulator.row import UNIT, Row, decimal8

_QUOTES = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "USD")


class ReplayMarket:
    """Candles as recorded. Each counts as closed, so none is ever shown in progress."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        series = sorted(recordings, key=lambda one: (one.symbol, one.interval))
        self._rows = MappingProxyType(
            {key: _union([*group]) for key, group in groupby(series, key=lambda one: (one.symbol, one.interval))}
        )
        self._symbols = tuple(_traded(name) for name in sorted({symbol for symbol, _ in self._rows}))
        self._opens = MappingProxyType({key: [row.open_time for row in rows] for key, rows in self._rows.items()})

    @property
    def symbols(self) -> tuple[Traded, ...]:
        return self._symbols

    def rows(self, line: Line, start: Millis | None, end: Millis | None, limit: int, view: View) -> list[Row]:
        last = view.now if end is None else min(end, view.now)
        newest = start is None
        found = [*islice(self._between(line, start or 0, last + 1, view, newest=newest), limit)]
        return found[::-1] if newest else found

    def closed(self, line: Line, after: Millis, until: Millis, limit: int, view: View) -> list[tuple[Millis, Row]]:
        grid = Grid(line.interval)
        ended = ((_end(grid, row), row) for row in self._between(line, grid.floor(after), until, view))
        return [*islice(((end, row) for end, row in ended if after < end <= until), limit)]

    def running(self, line: Line, view: View) -> Row | None:  # noqa: ARG002 - part of the protocol
        return None

    def _between(self, line: Line, start: Millis, end: Millis, view: View, *, newest: bool = False) -> Iterator[Row]:
        """Those with open time in [start, end) whose scheduled end has come, with what happened to them."""
        key = (line.symbol, line.interval)
        if line.zone or key not in self._rows:
            return iter(())
        grid, events, opens = Grid(line.interval), of_symbol(view.events, line.symbol), self._opens[key]
        places = range(bisect_left(opens, start), bisect_left(opens, min(end, grid.floor(view.now))))
        rows = (self._rows[key][place] for place in (reversed(places) if newest else places))
        return (
            _touched(row, grid, events) for row in rows if not hole(events, row.open_time, _end(grid, row), view.now)
        )


def spans(recordings: Sequence[Recording]) -> tuple[tuple[Millis, Millis], ...]:
    """The times covered by any of `recordings`, [first, end), ascending and apart."""
    merged: list[tuple[Millis, Millis]] = []
    for start, end in sorted(one.span for one in recordings):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _union(recordings: Sequence[Recording]) -> tuple[Row, ...]:
    by_time = {row.open_time: row for one in recordings for row in one.rows}
    return tuple(by_time[time] for time in sorted(by_time))


def _traded(name: str) -> Traded:
    quote = next((quote for quote in _QUOTES if name.endswith(quote) and name != quote), name[-3:])
    return Traded(name, name.removesuffix(quote), quote, 8, 8)


def _end(grid: Grid, row: Row) -> Millis:
    return grid.next(grid.floor(row.open_time))


def _touched(row: Row, grid: Grid, events: SymbolEvents) -> Row:
    """The row after `events`. There are no trades beneath it, so whole candles are cut or restated, and a halt,
    which would need them, does nothing.
    """
    end = _end(grid, row)
    early = actual_end(events, row.open_time, end, end)
    cut = row if early == end else msgspec.structs.replace(row, close_time=early - 1)
    if not any(change.start <= row.open_time < change.end for change in events.restated):
        return cut
    return msgspec.structs.replace(
        cut,
        volume=_twice(row.volume),
        quote_volume=row.quote_volume and _twice(row.quote_volume),
        taker_buy_volume=row.taker_buy_volume and _twice(row.taker_buy_volume),
        taker_buy_quote_volume=row.taker_buy_quote_volume and _twice(row.taker_buy_quote_volume),
    )


def _twice(amount: str) -> str:
    whole, _, part = amount.partition(".")
    return decimal8(2 * (int(whole) * UNIT + int(part.ljust(8, "0")[:8])))
