"""What was published lately, read back from Kafka for audits. May be used from several threads.

Nothing is read before the first audit asks. Then the partition of its series is read from when the first candle asked
for was published, and on to its newest record with each question after that.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Final

from confluent_kafka import Message

from cryptostream.core.codec import record as codec
from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.interval import DAY, HOUR, INTERVALS, MINUTE, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogError, Place
from cryptostream.core.result import Err, Ok, Result, bind, map_ok
from cryptostream.log.kafka_coverage import Coverage
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_follower import Follower
from cryptostream.log.published_rows import PublishedRows

KEPT: Final = DAY + HOUR
"""How far back rows are kept: the longest audit is of the past day."""
MOST: Final = 400_000
"""Rows in memory, about 40 MB: a day of four series of 1s, or of two hundred of 1m."""
EARLIER: Final = MINUTE
"""How far this machine's clock may be behind the exchange's."""
TOGETHER: Final = 10_000
"""Records after which it is seen whether there is room."""
PATIENCE: Final = 10.0


@dataclass(slots=True)
class _Window:
    """One partition: every record of open times from `since` on, as far as it was read: up to before offset `next`.

    `full` says that earlier ones were dropped because there was no room.
    """

    since: Millis
    next: int
    newest: Millis = 0
    full: bool = False
    rows: defaultdict[bytes, PublishedRows] = field(default_factory=lambda: defaultdict(PublishedRows))

    def __len__(self) -> int:
        return sum(map(len, self.rows.values()))

    def take(self, message: Message) -> None:
        """Add a record of these open times; what is no candle was not published by a producer."""
        self.next = (message.offset() or 0) + 1
        decoded = codec.decode(message.value() or b"")
        if isinstance(decoded, Ok) and decoded.value.open_time >= self.since:
            self.rows[message.key() or b""].add(decoded.value)
            self.newest = max(self.newest, decoded.value.open_time)

    def drop(self, before: Millis) -> None:
        if before > self.since:
            self.since = before
            for rows in self.rows.values():
                rows.drop(before)


class Published:
    """The tables of recent candles. `offset` gives exchange time less this machine's, in ms."""

    def __init__(
        self, name: str, edge: KafkaEdge, coverage: Coverage, offset: Callable[[], Millis], most: int = MOST
    ) -> None:
        self._name = name
        self._edge = edge
        self._coverage = coverage
        self._offset = offset
        self._most = most
        self._windows: dict[Place, _Window] = {}
        self._follower: Follower | None = None
        self._lock = Lock()

    def table(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, LogError]:
        """What was published with open time in [start, end), each at its newest revision."""
        with self._lock:
            place = self._coverage.place(series)
            window = bind(self._window(place, series, start), lambda found: self._read_on(place, found))
            if isinstance(window, Err):
                return window
            table = window.value.rows[series.symbol.encode()].table(start, end)
            self._trim(window.value)
            return Ok(table)

    def _window(self, place: Place, series: Series, start: Millis) -> Result[_Window, LogError]:
        """The window of the partition, or a new one if that does not go back to `start`."""
        window = self._windows.get(place)
        if window is not None and start < window.since and window.full:
            remedy = "audit fewer series of short intervals"
            self._edge.tell.warning(
                "audit_out_of_memory", series=str(series), asked=start, kept=window.since, remedy=remedy
            )
        if window is not None and (start >= window.since or window.full):
            return Ok(window)
        closed = INTERVALS[series.interval].close_time(start) - self._offset() - EARLIER
        found = bind(self._opened(), lambda follower: follower.offset_at(place, closed, PATIENCE))
        return map_ok(found, lambda first: _Window(start, first))

    def _read_on(self, place: Place, window: _Window) -> Result[_Window, LogError]:
        """The window with all that is known to be committed. What was read before an error is kept for next time."""
        self._windows[place] = window
        newest = self._coverage.newest(place)
        if 0 <= newest < window.next:
            return Ok(window)
        upto = {place: newest} if newest >= 0 else {}
        read = bind(
            self._opened(),
            lambda follower: follower.read({place: window.next}, self._taking(window), upto=upto, patience=PATIENCE),
        )
        if isinstance(read, Ok):
            window.next = read.value[place]
        return map_ok(read, lambda _: window)

    def _taking(self, window: _Window) -> Callable[[Message], None]:
        """Adds to the window, and makes room meanwhile."""
        numbers = count(1)

        def take(message: Message) -> None:
            window.take(message)
            if next(numbers) % TOGETHER == 0:
                self._trim(window)

        return take

    def _opened(self) -> Result[Follower, LogError]:
        if self._follower is None:
            opened = Follower.open(self._name, self._edge)
            if isinstance(opened, Err):
                return opened
            self._follower = opened.value
        return Ok(self._follower)

    def close(self) -> None:
        """Let go of the connection; rows stay."""
        with self._lock:
            if self._follower is not None:
                self._follower.close()
            self._follower = None

    def _trim(self, window: _Window) -> None:
        window.drop(window.newest - KEPT)
        while sum(map(len, self._windows.values())) > self._most:
            largest = max(self._windows.values(), key=len)
            largest.full = True
            largest.drop(largest.since + max(1, (largest.newest - largest.since) // 4))
