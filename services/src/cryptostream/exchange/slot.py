"""Keeps one connection for a group of series: opens it, renews it before it ends, mends what has gone silent.

Lives in the feed's event loop. One task a slot, so that there is never more than one attempt to connect at a time.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptostream.core.codec.binance import KlineFrame
from cryptostream.core.market.interval import MINUTE, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock, FeedCandle, FeedEvent, FeedReject, FeedSeam
from cryptostream.exchange.dial import Dial
from cryptostream.exchange.feed_plan import Heard, chunks, next_silent, requests, silent
from cryptostream.exchange.link import Link

_STABLE: Final = MINUTE
"""A connection that lived so long is no failure when it ends."""
_FLOWS_SECONDS: Final = 5.0
_LINGER_SECONDS: Final = 0.5
"""Wall-clock seconds: what is under way on an old connection arrives within them."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Durations in ms of the clock; `luck` in [0, 1) spreads renewals."""

    age: Millis
    silence: Millis
    luck: Callable[[], float]


class Slot:
    """One group of series and what carries it."""

    def __init__(self, dial: Dial, clock: Clock, policy: Policy, emit: Callable[[FeedEvent], None]) -> None:
        self.wanted: frozenset[Series] = frozenset()
        self.reconnects = 0
        self.last_error: str | None = None
        self._dial = dial
        self._clock = clock
        self._policy = policy
        self._emit = emit
        self._links: set[Link] = set()
        self._again: set[Series] = set()
        self._heard: dict[Series, Heard] = {}
        self._changed = asyncio.Event()
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """How many are open: two while one takes over from another."""
        return sum(not link.ended for link in self._links)

    def want(self, series: frozenset[Series]) -> None:
        """Carry exactly these."""
        if series != self.wanted:
            self.wanted = series
            self._changed.set()

    def resubscribe(self, series: Series) -> None:
        """Subscribe one anew."""
        self._again.add(series)
        self._changed.set()

    async def run(self) -> None:
        """Live until cancelled."""
        old: Link | None = None
        failures = 0
        try:
            while True:
                link = await self._open(failures)
                await self._follow(link)
                if old is not None:
                    self._retire(old, link)
                await self._look_after(link)
                failures = 0 if self._clock.now() - link.opened >= _STABLE else failures + 1
                self.reconnects += 1
                if link.ended:
                    failures, self.last_error = max(failures, 1), link.why
                old = link
        finally:
            for task in self._retiring:
                task.cancel()
            await asyncio.gather(*(link.close() for link in self._links), return_exceptions=True)
            self._links.clear()

    # ------------------------------------------------------------ one connection

    async def _open(self, failures: int) -> Link:
        """Open one that carries the first chunk from its first moment on."""
        first = (chunks(self.wanted) or [()])[0]
        socket = await self._dial.open(first, failures)
        link = Link(socket, first, self._clock, self._receive, self._changed.set)
        self._links.add(link)
        self._subscribed(first, flows=True)
        return link

    async def _look_after(self, link: Link) -> None:
        """Keep it as it should be until it ends or must be renewed."""
        age = self._policy.age - int(self._policy.age * 0.05 * self._policy.luck())
        while not (link.ended or link.is_leaving or self._clock.now() >= link.opened + age):
            self._changed.clear()
            await self._follow(link)
            due = min(link.opened + age, next_silent(self._heard, self._policy.silence) or link.opened + age)
            if not link.ended:
                await self._wait(due - self._clock.now())
            self._again |= self._silent()

    async def _follow(self, link: Link) -> None:
        """Make it carry what is wanted."""
        again, self._again = self._again, set()
        for method, series in requests(link.carried, self.wanted, again):
            if link.ended:
                return
            agreed = await link.request(method, series)
            if method == "UNSUBSCRIBE":
                link.carried.difference_update(series)
            else:
                link.carried.update(series)  # also if refused: then it is silent, and tried again with patience
                self._subscribed(series, flows=agreed)
        for gone in self._heard.keys() - self.wanted:
            del self._heard[gone]

    def _subscribed(self, series: tuple[Series, ...], *, flows: bool) -> None:
        now = self._clock.now()
        for each in series:
            self._heard[each] = Heard(now, self._heard[each].tries if each in self._heard else 0)
        if flows and series:
            self._emit(FeedSeam(frozenset(series), now))

    def _silent(self) -> frozenset[Series]:
        quiet = silent(self._heard, self._policy.silence, self._clock.now())
        for series in quiet:
            self._heard[series] = Heard(self._clock.now(), self._heard[series].tries + 1)
        return quiet

    async def _wait(self, length: Millis) -> None:
        """Until something has changed, or `length` has passed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), self._clock.real_seconds(length))

    def _receive(self, update: KlineFrame | FeedReject) -> None:
        if isinstance(update, FeedReject):
            self._emit(update)
            return
        series = update.candle.series
        if series in self.wanted:
            self._heard[series] = Heard(self._clock.now())
            if update.closed:
                self._emit(FeedCandle(update.candle))

    # ------------------------------------------------------------ the one before

    def _retire(self, old: Link, new: Link) -> None:
        task = asyncio.create_task(self._close_when_replaced(old, new))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _close_when_replaced(self, old: Link, new: Link) -> None:
        """Close the old one when the new one flows."""
        if not old.ended:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(new.flows.wait(), _FLOWS_SECONDS)
            await asyncio.sleep(_LINGER_SECONDS)
        self._links.discard(old)
        await old.close()
