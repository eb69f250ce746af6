"""The made-up market: a pure function of (seed, symbol, time, events), with a bounded memory of days."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, pairwise
from types import MappingProxyType

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.events import NOTHING, SymbolEvents, actual_end, hole, is_dark, of_symbol
from cryptostream.simulator.grid import DAY, Grid
from cryptostream.simulator.listing import HORIZON, LISTINGS, Listing, Walk, walk_of
from cryptostream.simulator.market import Line, Traded, View
from cryptostream.simulator.row import Row, decimal8
from cryptostream.simulator.trades import Bar, Day, day_of, fold, merge, whole_day


class MadeUpMarket:
    """Candles of `listings` as folds of their trades. A day of trades is about 2 MB; only few are kept."""

    def __init__(self, seed: int = 1, listings: tuple[Listing, ...] = LISTINGS) -> None:
        self._seed = seed
        self._listings = MappingProxyType({listing.name: listing for listing in listings})
        self._symbols = tuple(
            Traded(one.name, one.coin, one.quote, one.price_decimals, one.lot_decimals) for one in listings
        )
        self._walk = lru_cache(maxsize=None)(self._make_walk)
        self._day = lru_cache(maxsize=len(listings) + 8)(self._make_day)
        self._whole = lru_cache(maxsize=20_000)(self._make_whole)

    @property
    def symbols(self) -> tuple[Traded, ...]:
        return self._symbols

    def rows(self, line: Line, start: Millis | None, end: Millis | None, limit: int, view: View) -> list[Row]:
        listing, grid = self._listings[line.symbol], Grid(line.interval, line.zone)
        events = of_symbol(view.events, line.symbol)
        if view.now < listing.listed:
            return []
        first = grid.floor(listing.listed)
        last = min(view.now, _end_of(listing) - 1, view.now if end is None else end)
        if start is None:
            chosen = [*islice(_backward(grid, first, last, events, view.now), limit)][::-1]
        else:
            chosen = [*islice(_forward(grid, max(first, start), last, events, view.now), limit)]
        return [self._row(line, open_time, view) for open_time in chosen]

    def closed(self, line: Line, after: Millis, until: Millis, limit: int, view: View) -> list[tuple[Millis, Row]]:
        listing, grid = self._listings[line.symbol], Grid(line.interval, line.zone)
        events, last = of_symbol(view.events, line.symbol), min(until, _end_of(listing))
        opens = _forward(grid, grid.floor(max(after, listing.listed)), last - 1, events, view.now)
        spans = ((o, grid.next(o)) for o in opens)
        ended = ((o, end) for o, end in spans if end <= last and actual_end(events, o, end, end) == end)
        return [(end, self._row(line, o, view)) for o, end in islice(ended, limit)]

    def running(self, line: Line, view: View) -> Row | None:
        listing = self._listings[line.symbol]
        if not listing.listed <= view.now < _end_of(listing):
            return None
        if is_dark(of_symbol(view.events, line.symbol).absent, view.now):
            return None
        row = self._row(line, Grid(line.interval, line.zone).floor(view.now), view)
        return row if row.trades else None

    def _row(self, line: Line, open_time: Millis, view: View) -> Row:
        listing, events = self._listings[line.symbol], of_symbol(view.events, line.symbol)
        scheduled = Grid(line.interval, line.zone).next(open_time)
        end = min(scheduled, max(view.now, open_time))
        closes = actual_end(events, open_time, scheduled, view.now) - 1
        bar = self._bar(listing, max(open_time, listing.listed), end, events)
        if bar is None:
            return _flat(open_time, closes, self._price_before(listing, end, events), listing)
        return _row(open_time, closes, bar, self._kept_before(listing, end, events), listing)

    def _bar(self, listing: Listing, start: Millis, end: Millis, events: SymbolEvents) -> Bar | None:
        edges = (start, *range(start - start % DAY + DAY, end, DAY), end)
        parts = (self._part(listing, one, other, events) for one, other in pairwise(edges))
        return merge([part for part in parts if part])

    def _part(self, listing: Listing, start: Millis, end: Millis, events: SymbolEvents) -> Bar | None:
        """The fold of [start, end) within one day."""
        day, offset = divmod(start - listing.listed, DAY)
        here = events.within(start - offset, start - offset + DAY) if events != NOTHING else NOTHING
        if end - start == DAY and here == NOTHING:
            return self._whole(listing.name, day)
        return fold(self._day(listing.name, day, here), offset, offset + end - start)

    def _price_before(self, listing: Listing, time: Millis, events: SymbolEvents) -> int:
        """The price in ticks of the last trade before `time`."""
        while time > listing.listed:
            day, offset = divmod(time - 1 - listing.listed, DAY)
            midnight = time - 1 - offset
            here = events.within(midnight, midnight + DAY)
            if offset == DAY - 1 and here == NOTHING:
                break
            bar = fold(self._day(listing.name, day, here), 0, offset + 1)
            if bar:
                return bar.close
            time = min([midnight, *(start for start, end in here.dark if start < time <= end)])
        return int(self._walk(listing.name).closes[max(0, time - listing.listed) // DAY])

    def _kept_before(self, listing: Listing, time: Millis, events: SymbolEvents) -> int:
        """Number of trades before `time`: the id of the last one, as ids begin with 1 and have no holes."""
        lost = (
            self._drawn_before(listing, min(end, time)) - self._drawn_before(listing, start)
            for start, end in events.dark
            if start < time
        )
        return self._drawn_before(listing, time) - sum(lost)

    def _drawn_before(self, listing: Listing, time: Millis) -> int:
        day, offset = divmod(max(0, time - listing.listed), DAY)
        before = int(self._walk(listing.name).before[day])
        return before + int(self._day(listing.name, day, NOTHING).times.searchsorted(offset)) if offset else before

    def _make_walk(self, symbol: str) -> Walk:
        return walk_of(self._seed, self._listings[symbol])

    def _make_day(self, symbol: str, day: int, events: SymbolEvents) -> Day:
        return day_of(self._seed, self._listings[symbol], self._walk(symbol), day, events)

    def _make_whole(self, symbol: str, day: int) -> Bar:
        return whole_day(self._seed, self._listings[symbol], self._walk(symbol), day)


def _end_of(listing: Listing) -> Millis:
    return listing.listed + HORIZON * DAY


def _forward(grid: Grid, first: Millis, last: Millis, events: SymbolEvents, now: Millis) -> Iterator[Millis]:
    """Open times in [first, last] of candles that exist, ascending."""
    time = grid.ceil(first)
    while time <= last:
        following = grid.next(time)
        if window := hole(events, time, following, now):
            following = max(following, grid.floor(window[1]))
        else:
            yield time
        time = following


def _backward(grid: Grid, first: Millis, last: Millis, events: SymbolEvents, now: Millis) -> Iterator[Millis]:
    """The same, descending."""
    time = grid.floor(last)
    while time >= first:
        window = hole(events, time, grid.next(time), now)
        if not window:
            yield time
        time = grid.floor(window[0] - 1) if window else grid.previous(time)


def _row(open_time: Millis, close_time: Millis, bar: Bar, last_id: int, listing: Listing) -> Row:
    tick, lot = 10 ** (8 - listing.price_decimals), 10 ** (8 - listing.lot_decimals)
    value = 10 ** (8 - listing.price_decimals - listing.lot_decimals)
    return Row(
        open_time,
        close_time,
        decimal8(bar.open * tick),
        decimal8(bar.high * tick),
        decimal8(bar.low * tick),
        decimal8(bar.close * tick),
        decimal8(bar.volume * lot),
        decimal8(bar.value * value),
        bar.trades,
        decimal8(bar.taker_volume * lot),
        decimal8(bar.taker_value * value),
        last_id - bar.trades + 1,
        last_id,
    )


def _flat(open_time: Millis, close_time: Millis, price: int, listing: Listing) -> Row:
    """A candle without trades: flat at the last price, trade ids -1."""
    text, none = decimal8(price * 10 ** (8 - listing.price_decimals)), decimal8(0)
    return Row(open_time, close_time, text, text, text, text, none, none, 0, none, none, -1, -1)
