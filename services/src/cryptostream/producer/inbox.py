"""What comes in from other threads, for the producer's thread. Bounded: live candles are what can be fetched again."""

from collections.abc import Iterable
from queue import Empty, SimpleQueue
from threading import Lock

from cryptostream.core.market.series import Series
from cryptostream.core.stream.series_state import Closed, Event, Fetched, Seam

MOST = 50_000
"""Live candles beyond this many events are dropped. Each is some 600 bytes."""

Arrival = tuple[Series, Event]


class Inbox:
    """Events in the order in which they came. `put`, `offer` and `seam` may be called from any thread.

    Answers are never dropped: each was asked for, and there are few questions to a series. A candle that finds no
    room is: once half of the room is free again its series is told of a `Seam`, so that it asks for what it missed.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._queue: SimpleQueue[Arrival | None] = SimpleQueue()
        self._lock = Lock()
        self._seams: set[Series] = set()
        self._missed: set[Series] = set()
        self._dropped = 0

    def put(self, series: Series, event: Event) -> None:
        """Take an answer, or anything else that comes once only."""
        self._queue.put((series, event))

    def offer(self, closed: Closed) -> None:
        """Take a live candle if there is room."""
        series = closed.candle.series
        if self._queue.qsize() < self._most:
            self._queue.put((series, closed))
            return
        with self._lock:
            self._missed.add(series)
            self._dropped += 1

    def seam(self, series: Iterable[Series]) -> None:
        """The live streams of `series` flow (again)."""
        with self._lock:
            self._seams.update(series)
        self.wake()

    def wake(self) -> None:
        """End the wait for events."""
        self._queue.put(None)

    def take(self, events: int, rows: int, seconds: float) -> list[Arrival]:
        """Wait up to `seconds` for the first event; take up to `events`, with little more than `rows` candles."""
        taken: list[Arrival] = []
        left = rows
        try:
            arrival = self._queue.get(timeout=seconds)
            while True:
                if arrival is not None:
                    taken.append(arrival)
                    left -= _rows(arrival[1])
                if len(taken) >= events or left <= 0:
                    break
                arrival = self._queue.get_nowait()
        except Empty:
            pass
        return [*((series, Seam()) for series in self._due_seams()), *taken]

    def dropped(self) -> int:
        """How many candles found no room since this was last asked."""
        with self._lock:
            count, self._dropped = self._dropped, 0
        return count

    def _due_seams(self) -> set[Series]:
        with self._lock:
            due, self._seams = self._seams, set()
            if self._queue.qsize() <= self._most // 2:
                due |= self._missed
                self._missed = set()
        return due


def _rows(event: Event) -> int:
    return len(event.page.closed) if isinstance(event, Fetched) else 1
