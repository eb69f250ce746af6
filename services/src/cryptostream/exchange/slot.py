"""Keeps one connection for a group of series: opens it, renews it before it ends, mends what has gone silent.

Lives in the feed's event loop. One task a slot, so that there is never more than one attempt to connect at a time.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptostream.core.codec.binance import KlineFrame
from cryptostream.core.market.interval import MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock, FeedCandle, FeedEvent, FeedReject, FeedSeam
from cryptostream.exchange.dial import Dial
from cryptostream.exchange.feed_plan import Heard, chunks, patience, requests, silent, takeover
from cryptostream.exchange.link import Link

_STABLE: Final = MINUTE
"""A connection that lived so long is no failure when it ends."""
_LOOK: Final = SECOND
_SHORTEST_LOOK_SECONDS: Final = 0.02
_MUTE_SECONDS: Final = 2.0
"""Wall-clock seconds: however fast the clock, a pause of this process is no silence."""


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
        self.updates = 0
        self.last_error: str | None = None
        self._dial = dial
        self._clock = clock
        self._policy = policy
        self._emit = emit
        self._links: set[Link] = set()
        self._again: set[Series] = set()
        self._heard: dict[Series, Heard] = {}
        self._newest: Millis | None = None
        self._failures = 0
        self._mute = 0
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
        try:
            link = await self._open()
            while True:
                why = await self._look_after(link)
                self._settle(link, why)
                link = await self._replaced(link)
        finally:
            for task in self._retiring:
                task.cancel()
            await asyncio.gather(*(link.close() for link in self._links), return_exceptions=True)
            self._links.clear()

    # ------------------------------------------------------------ one connection

    async def _open(self) -> Link:
        """Open one that carries the first chunk from its first moment on."""
        first = (chunks(self.wanted) or [()])[0]
        opened = await self._dial.open(first, self._failures)
        link = Link(opened, first, self._clock, self._receive, self._changed.set)
        self._links.add(link)
        self._newest = None
        self._subscribed(first, flows=True)
        return link

    async def _look_after(self, link: Link) -> str:
        """Keep it as it should be until it must be replaced; returns why."""
        age = self._policy.age - int(self._policy.age * 0.05 * self._policy.luck())
        suspects: frozenset[Series] = frozenset()
        while True:
            self._changed.clear()
            await self._follow(link)
            why = self._fault(link, age)
            if why is not None:
                return why
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._look())
            quiet = self._silent()
            self._renew(quiet & suspects)  # once may be a jump of the exchange's clock
            suspects = quiet

    def _fault(self, link: Link, age: Millis) -> str | None:
        """Why it must be replaced, or None."""
        if link.ended:
            return link.why or "it has ended"
        if link.is_leaving:
            return "the server is about to shut down"
        if self._clock.now() - link.opened >= age:
            return "it is old"
        return "nothing comes any more" if self._is_mute(link) else None

    def _is_mute(self, link: Link) -> bool:
        """Whether nothing has come of any series; a connection that never spoke is borne longer each time."""
        at, wall = link.updated
        tries = 0 if link.updates else self._mute
        borne = (patience(each.interval, self._policy.silence, tries) for each in link.carried)
        elapsed = asyncio.get_running_loop().time() - wall
        return elapsed >= _MUTE_SECONDS and self._clock.now() - at >= min(borne, default=self._policy.age)

    def _settle(self, link: Link, why: str) -> None:
        """Remember how it did, which decides where and how soon the next one is opened."""
        self._failures = 0 if self._clock.now() - link.opened >= _STABLE else self._failures + 1
        self._mute = 0 if link.updates else self._mute + 1
        self._dial.judge(link.url, None if link.updates else why)
        if link.ended:
            self._failures = max(self._failures, 1)
        if link.ended or self._is_mute(link):
            self.last_error = f"{link.url}: {why}"

    # ------------------------------------------------------------ one after the other

    async def _replaced(self, old: Link) -> Link:
        """Open others beside `old`, which goes on as well as it can, until one takes its place."""
        tending = asyncio.create_task(self._tend(old))
        try:
            while True:
                fresh = await self._open()
                self.reconnects += 1
                if await self._takes_over(fresh, old):
                    self._retire(old)
                    return fresh
                self._settle(fresh, fresh.why or "nothing comes")
                self._retire(fresh)
        finally:
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)

    async def _tend(self, old: Link) -> None:
        while not old.ended:
            self._changed.clear()
            await self._follow(old)
            await self._changed.wait()

    async def _takes_over(self, fresh: Link, old: Link) -> bool:
        old.heard.clear()
        while True:
            await self._follow(fresh)
            if (fresh.ended or fresh.is_leaving) and not old.ended:
                return False
            verdict = takeover(
                None if old.ended else old.heard,
                fresh.heard,
                complete=fresh.carried >= self.wanted,
                elapsed=self._clock.now() - fresh.opened,
            )
            if verdict != "wait":
                return verdict == "take"
            await asyncio.sleep(self._look())

    def _retire(self, link: Link) -> None:
        self._links.discard(link)
        task = asyncio.create_task(link.close())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    # ------------------------------------------------------------ its series

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
        for each in series:
            self._heard[each] = Heard(self._newest, self._heard[each].tries if each in self._heard else 0)
        if flows and series:
            self._emit(FeedSeam(frozenset(series), self._clock.now()))

    def _silent(self) -> frozenset[Series]:
        if self._newest is None:
            return frozenset()
        for series, each in self._heard.items():
            if each.at is None:
                self._heard[series] = Heard(self._newest, each.tries)
        return silent(self._heard, self._policy.silence, self._newest)

    def _renew(self, quiet: frozenset[Series]) -> None:
        for series in quiet:
            self._heard[series] = Heard(self._newest, self._heard[series].tries + 1)
        if quiet:
            self._again |= quiet
            self._changed.set()

    def _receive(self, update: KlineFrame | FeedReject) -> None:
        if isinstance(update, FeedReject):
            self._emit(update)
            return
        self.updates += 1
        series = update.candle.series
        if series in self.wanted:
            self._newest = update.candle.exchange_time
            self._heard[series] = Heard(self._newest)
            if update.closed:
                self._emit(FeedCandle(update.candle))

    def _look(self) -> float:
        """Wall-clock seconds until things are looked at again."""
        return max(min(self._clock.real_seconds(_LOOK), _LOOK / SECOND), _SHORTEST_LOOK_SECONDS)
