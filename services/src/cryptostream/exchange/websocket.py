"""Binance by WebSocket: closed candles as they happen, behind the port `LiveFeed`. One thread with an event loop.

By binance-spot-api-docs, `web-socket-streams.md`. The exchange replays nothing: `FeedSeam` says from when on
series flow, and what closed before is asked for elsewhere.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from secrets import SystemRandom
from typing import Final

import msgspec

from cryptostream.core.market.interval import HOUR, SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock, FeedEvent
from cryptostream.exchange.dial import Dial
from cryptostream.exchange.feed_plan import assign
from cryptostream.exchange.slot import Policy, Slot

MAX_AGE_SECONDS: Final = 23 * HOUR // SECOND
_AGAIN_SECONDS: Final = 1.0
_JOIN_SECONDS: Final = 5.0
"""A thread that waits for the name of a host to be resolved cannot be stopped; it is left to itself."""


class FeedSnapshot(msgspec.Struct, frozen=True):
    """The feed as it is now: open connections, how often one was opened in place of another, how many updates of
    candles have come, why the last connection failed.
    """

    connections: int
    reconnects: int
    updates: int
    last_error: str | None


class BinanceFeed:
    """The live feed.

    Parameters
    ----------
    endpoints
        Base addresses (`wss://host:port`), used in order; one that fails is left alone for a while.
    clock
        Gives the time; all durations below are of this clock, which may run faster than the wall's.
    on_event
        Called from the feed's own thread for each event; must not block or raise.
    streams_per_connection
        At most 1024.
    max_age_seconds
        A connection is replaced when it is so old (a little earlier, so that not all are at once).
    silence_seconds
        A series that is not heard of for so long, and one candle, is subscribed anew while others are heard of;
        a connection on which nothing is heard is replaced.
    luck
        Random numbers in [0, 1), by default the machine's.
    """

    def __init__(  # noqa: PLR0913 - the exchange has that many rules, each with a default
        self,
        endpoints: Sequence[str],
        clock: Clock,
        on_event: Callable[[FeedEvent], None],
        *,
        streams_per_connection: int = 1000,
        max_age_seconds: float = MAX_AGE_SECONDS,
        silence_seconds: float = 60.0,
        proxy_url: str | None = None,
        ca_file: str | None = None,
        luck: Callable[[], float] | None = None,
    ) -> None:
        if not endpoints:
            raise ValueError("endpoints must hold at least one base address")
        self._clock = clock
        self._on_event = on_event
        self._most = streams_per_connection
        self._slots: list[Slot] = []
        self._tasks: dict[Slot, asyncio.Task[None]] = {}
        chance = luck or SystemRandom().random
        self._policy = Policy(int(max_age_seconds * SECOND), int(silence_seconds * SECOND), chance)
        self._dial = Dial(endpoints, clock, chance, proxy_url=proxy_url, ca_file=ca_file)
        self._fault: str | None = None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._live, name="live-feed", daemon=True)
        self._thread.start()

    def subscribe(self, series: frozenset[Series]) -> None:
        """Make the set of series exactly this one, as a difference, without disturbing the others."""
        self._in_loop(lambda: self._assign(series))

    def resubscribe(self, series: Series) -> None:
        """Subscribe a series that has gone quiet anew."""
        self._in_loop(lambda: self._resubscribe(series))

    def hold(self, until: Millis) -> None:
        """Open no connection before `until` (ms), because others say that the address is banned; 0: no longer."""
        self._in_loop(lambda: self._dial.hold(until))

    @property
    def alive(self) -> bool:
        """Whether its thread lives, or was asked to end."""
        return self._thread.is_alive() or self._stop.is_set()

    def snapshot(self) -> FeedSnapshot:
        """How it stands; may be called from any thread."""
        slots = tuple(self._slots)
        errors = (self._fault, self._dial.last_error, *(slot.last_error for slot in slots))
        return FeedSnapshot(
            connections=sum(slot.connections for slot in slots),
            reconnects=sum(slot.reconnects for slot in slots),
            updates=sum(slot.updates for slot in slots),
            last_error=next((error for error in errors if error), None),
        )

    def close(self) -> None:
        """End all connections and the thread; to be called once more does no harm."""
        self._in_loop(self._stop.set)
        if threading.current_thread() is not self._thread:
            self._thread.join(_JOIN_SECONDS)

    # ------------------------------------------------------------ in the loop

    def _live(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        await self._stop.wait()
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _in_loop(self, action: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(action)
        except RuntimeError:  # the loop has been closed
            return

    def _assign(self, wanted: frozenset[Series]) -> None:
        groups = assign(tuple(slot.wanted for slot in self._slots), wanted, self._most)
        for _ in groups[len(self._slots) :]:
            self._slots.append(Slot(self._dial, self._clock, self._policy, self._on_event))
        for slot, group in zip(self._slots, groups, strict=True):
            slot.want(group)
            self._match(slot)

    def _match(self, slot: Slot) -> None:
        """A slot lives as long as it has something to carry."""
        if slot.wanted and slot not in self._tasks and not self._stop.is_set():
            task = self._tasks[slot] = asyncio.create_task(slot.run())
            task.add_done_callback(lambda ended: self._ended(slot, ended))
        elif not slot.wanted and slot in self._tasks:
            self._tasks[slot].cancel()

    def _ended(self, slot: Slot, task: "asyncio.Task[None]") -> None:
        """A slot that is wanted again, or has failed in a way nobody thought of, is begun anew."""
        del self._tasks[slot]
        if not task.cancelled() and task.exception() is not None:
            self._fault = repr(task.exception())
        if slot.wanted:
            self._loop.call_later(_AGAIN_SECONDS, self._match, slot)

    def _resubscribe(self, series: Series) -> None:
        for slot in self._slots:
            if series in slot.wanted:
                slot.resubscribe(series)
