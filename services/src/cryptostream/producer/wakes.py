"""When each series wants to be told that time has passed."""

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

from cryptostream.core.market.interval import Millis

K = TypeVar("K", bound=Hashable)


class Wakes(Generic[K]):
    """The newest wake-up time of each key; outdated ones are dropped when they come up."""

    def __init__(self) -> None:
        self._at: dict[K, Millis] = {}
        self._heap: list[tuple[Millis, int, K]] = []
        self._order = 0

    def set(self, key: K, at: Millis | None) -> None:
        """Wake `key` at `at` and at no other time; None: not at all."""
        if at is None:
            self._at.pop(key, None)
        elif self._at.get(key) != at:
            self._at[key] = at
            self._order += 1
            heapq.heappush(self._heap, (at, self._order, key))
            if len(self._heap) > 64 + 4 * len(self._at):
                self._rebuild()

    def _rebuild(self) -> None:
        """Many are outdated, and some of those would not come up for long."""
        self._heap = [entry for entry in self._heap if self._at.get(entry[2]) == entry[0]]
        heapq.heapify(self._heap)

    def due(self, now: Millis) -> tuple[K, ...]:
        """The keys whose time has come; each is given once."""
        keys: list[K] = []
        while self._heap and self._heap[0][0] <= now:
            at, _, key = heapq.heappop(self._heap)
            if self._at.get(key) == at:
                del self._at[key]
                keys.append(key)
        return tuple(keys)

    def next(self) -> Millis | None:
        """When `due` will have something."""
        while self._heap and self._at.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
