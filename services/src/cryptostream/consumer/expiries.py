"""Ranges that the log deleted before they were read: names the candles in them, so that they are fetched again.

Decides nothing: `core.stream.consumer_expiry` says what is missing.
"""

from collections.abc import Callable, Mapping

from cryptostream.consumer.edges import Edges
from cryptostream.consumer.keeper import Keeper
from cryptostream.consumer.patience import Halt, Patience
from cryptostream.core.market.gap import Gap
from cryptostream.core.ports import Place
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_expiry import Search, looked, next_look, search
from cryptostream.core.stream.consumer_ledger import Book


class Expiries:
    """Remembers what expired, by place with the end of the log then and the ledger as it was before.

    `uncommitted` names the places of which something was polled and is not committed yet.
    """

    def __init__(
        self, keeper: Keeper, edges: Edges, patience: Patience, uncommitted: Callable[[], frozenset[Place]]
    ) -> None:
        self._keeper = keeper
        self._edges = edges
        self._patience = patience
        self._uncommitted = uncommitted
        self._noticed: dict[Place, tuple[int, Book]] = {}
        self._search: tuple[Place, Search] | None = None
        self.named: Mapping[Place, int] = {}

    @property
    def searching(self) -> bool:
        """Whether there is something to be done at once."""
        return self._search is not None

    def notice(self, expired: Mapping[Place, int], book: Book) -> None:
        """These were noticed to have expired, `book` being older than that."""
        for place, end in expired.items():
            self._edges.log.warning("range_expired", topic=place[0], partition=place[1], end=end)
            self._noticed[place] = end, book
        self._end_search(frozenset(expired))

    def part(self, lost: frozenset[Place]) -> None:
        """These belong to others now, who are told as well."""
        self._noticed = {place: each for place, each in self._noticed.items() if place not in lost}
        self.named = {place: count for place, count in self.named.items() if place not in lost}
        self._end_search(lost)

    def work(self) -> Result[bool, Halt]:
        """Do a piece of a search, or begin one; False if there is none."""
        self._search = self._search or self._next()
        if self._search is None:
            return Ok(value=False)
        place, current = self._search
        done = self._look(place, current)
        return done if isinstance(done, Err) else Ok(value=True)

    def _next(self) -> tuple[Place, Search] | None:
        """A search of a place of which all that was left is stored."""
        uncommitted = self._uncommitted() if self._noticed else frozenset()
        for place, (end, book) in self._noticed.items():
            if place not in uncommitted and self._edges.reader.passed(place) >= end:
                return place, search(self._keeper.config, book, place)
        return None

    def _look(self, place: Place, current: Search) -> Result[None, Halt]:
        load = next_look(self._keeper.config, current)
        if load is None:
            return self._end(place)
        loaded = self._keeper.load((load,))
        if isinstance(loaded, Err):
            return loaded
        after, gaps = looked(current, load, loaded.value[load], self._edges.clock.now())
        if gaps:
            named = self._patience.until_done("naming what expired", lambda: self._edges.name_gaps(gaps))
            if isinstance(named, Err):
                return named
            self._tell(place, gaps)
        self._search = place, after
        return Ok(None)

    def _tell(self, place: Place, gaps: tuple[Gap, ...]) -> None:
        candles = sum(gap.candles for gap in gaps)
        self.named = {**self.named, place: self.named.get(place, 0) + candles}
        self._edges.observer.expired(gaps[0].series, candles)
        self._edges.log.warning("candles_expired", series=str(gaps[0].series), candles=candles, gaps=len(gaps))

    def _end(self, place: Place) -> Result[None, Halt]:
        restored = self._patience.until_done("noting what expired", lambda: self._edges.reader.restored(place))
        if isinstance(restored, Ok):
            self._noticed.pop(place)
            self._search = None
        return restored

    def _end_search(self, places: frozenset[Place]) -> None:
        if self._search is not None and self._search[0] in places:
            self._search = None
