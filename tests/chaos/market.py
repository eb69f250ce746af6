"""The faults of the simulated exchange: of its streams, of REST, and of the market itself."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from tests.chaos.draw import Kind
from tests.chaos.world import World
from tests.judge import grid
from tests.judge.grid import SECOND

SHORT = (3.0, 8.0)
MISSED = 0.3
"""Faults of REST strike only where REST is asked: meanwhile so many closing updates are not sent."""


def switched(on: Mapping[str, Any]) -> Callable[[World, float], AbstractContextManager[None]]:
    """Fields of the exchange's faults, and back to what they are without faults."""
    off = {name: PLAIN[name] for name in on}

    @contextmanager
    def strike(world: World, _: float) -> Iterator[None]:
        world.market.set(**on)
        yield
        world.market.set(**off)

    return strike


def at_rest(**on: Any) -> Callable[[World, float], AbstractContextManager[None]]:
    """The same while closing updates are missing."""
    return switched({**on, "drop_close_probability": MISSED})


PLAIN: Final[Mapping[str, Any]] = {
    "silent": [],
    "drop_close_every": 0,
    "drop_close_probability": 0.0,
    "double_close_every": 0,
    "delay_close_ms": 0,
    "too_many_next": 0,
    "banned_until": 0,
    "blocked": False,
    "html_forbidden": False,
    "fail_next": 0,
    "truncate_next": 0,
    "answer_delay_seconds": 0.0,
    "rest_lag_ms": 0,
    "refuse_connections": False,
    "clock_offset_ms": 0,
    "delisted": [],
}


@contextmanager
def sockets_cut(world: World, _: float) -> Iterator[None]:
    world.market.cut()
    yield


@contextmanager
def shutdown_announced(world: World, _: float) -> Iterator[None]:
    """First the word, then the end."""
    world.market.announce_shutdown()
    yield
    world.market.cut()


@contextmanager
def banned(world: World, chance: float) -> Iterator[None]:
    """418 for one to three minutes of the exchange's, as its answers say: whoever was told so waits for so long."""
    world.market.set(ban_seconds=60 + 120 * chance, drop_close_probability=MISSED)
    yield
    world.market.set(drop_close_probability=0.0)


@contextmanager
def restated(world: World, chance: float) -> Iterator[None]:
    """Minutes of which no candle is open any more are restated for two symbols; the judge sees the truth before and
    after. A candle that closed between its two looks would have been published with figures that it never saw.
    """
    now = world.market.now()
    end = min(grid.floor(interval, now) for interval in world.stream.intervals)
    start = end - 150 * SECOND
    known = world.market.faults()["restatements"]
    more = {"start": start, "end": end, "symbols": _some(world, chance, 2), "every": 2}
    world.witness(start)
    world.market.set(restatements=[*known, more])
    world.witness(start)
    world.audit_after(now)
    yield


def stopped(kind: str) -> Callable[[World, float], AbstractContextManager[None]]:
    """No trades of one symbol, for a time of the exchange's own; it begins so late that no candle of it is over yet."""

    @contextmanager
    def strike(world: World, chance: float) -> Iterator[None]:
        start = world.market.now() + int(2 * SECOND * world.clock.speed)
        length = int(30 + 90 * chance) * SECOND
        stop = {"start": start, "end": start + length, "kind": kind, "symbols": _some(world, chance, 1)}
        world.market.set(stops=[*world.market.faults()["stops"], stop])
        yield

    return strike


@contextmanager
def delisted(world: World, chance: float) -> Iterator[None]:
    """The exchange no longer knows a symbol, and then knows it again: what was called delisted, an audit finds."""
    world.market.set(delisted=_some(world, chance, 1))
    yield
    world.market.set(delisted=[])
    world.audit_after(world.market.now())


def _some(world: World, chance: float, number: int) -> list[str]:
    return random.Random(chance).sample(sorted(world.stream.symbols), number)


FAULTS: Final = (
    (Kind("WebSockets cut", "feed", (0.0, 0.0)), sockets_cut, True),
    (Kind("shutdown announced", "feed", (0.5, 2.0)), shutdown_announced, True),
    (Kind("silent streams", "feed", SHORT), switched({"silent": ["btcusdc@*", "*@kline_1s"]}), False),
    (Kind("closes dropped", "feed", SHORT), switched({"drop_close_every": 2}), False),
    (Kind("closes doubled", "feed", SHORT), switched({"double_close_every": 2}), False),
    (Kind("closes late", "feed", SHORT), switched({"delay_close_ms": 4_000}), False),
    (Kind("REST 429", "REST", SHORT), at_rest(too_many_next=30), False),
    (Kind("REST 418", "REST", SHORT), banned, False),
    (Kind("REST 451", "REST", SHORT), at_rest(blocked=True), False),
    (Kind("REST 403", "REST", SHORT), at_rest(html_forbidden=True), False),
    (Kind("REST 5xx", "REST", SHORT), at_rest(fail_next=100), False),
    (Kind("REST truncated", "REST", SHORT), at_rest(truncate_next=50), False),
    (Kind("REST slow", "REST", SHORT), at_rest(answer_delay_seconds=1.5), False),
    (Kind("REST behind", "REST", SHORT), at_rest(rest_lag_ms=8_000), False),
    (Kind("exchange refuses connections", "REST", SHORT), at_rest(refuse_connections=True), False),
    (Kind("exchange's clock ahead", "market", SHORT), switched({"clock_offset_ms": 7_000}), False),
    (Kind("history restated", "market", (0.0, 0.0)), restated, False),
    (Kind("outage of a symbol", "market", (0.0, 0.0)), stopped("outage"), False),
    (Kind("halt of a symbol", "market", (0.0, 0.0)), stopped("halt"), False),
    (Kind("symbol delisted for a while", "market", SHORT), delisted, False),
)
