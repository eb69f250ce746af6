"""Waits until a world that is whole again has caught up: all published, all stored, nothing left open."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from confluent_kafka import KafkaException

from tests.judge import grid
from tests.judge.judge import AUDITED, Judge
from tests.judge.stream import Stream

PATIENCE = 90.0
OPEN = {"pending", "blocked", "expired"}
LOOK = 0.2


class Market(Protocol):
    def now(self) -> int:
        """Exchange time in ms."""


class Told(Protocol):
    @property
    def name(self) -> str: ...

    def status(self) -> dict[str, Any] | None:
        """The document `/status`, None if it cannot be had."""


class Running(Protocol):
    """A stream that runs: its exchange, its producer, and what its consumers have committed."""

    @property
    def stream(self) -> Stream: ...

    @property
    def market(self) -> Market: ...

    @property
    def producer(self) -> Told: ...

    @property
    def committed(self) -> Callable[[], Mapping[tuple[str, int], int]]: ...


class UnsettledError(Exception):
    """It has not caught up in time; the message says what is missing."""


def settle(world: Running, judge: Judge, changed_at: int | None = None, patience: float = PATIENCE) -> int:
    """Wait, and return the exchange's time (ms) up to which everything has arrived.

    What the exchange changed up to `changed_at` must have been audited by then.
    """
    until = world.market.now()
    deadline = time.monotonic() + patience
    if changed_at is not None:
        until = max(until, changed_at + AUDITED)
        _wait(lambda: [] if world.market.now() > until else ["audits are due"], deadline)
    _wait(lambda: _unpublished(world, until), deadline)
    judge.read()
    ends = dict(judge.ends)
    _wait(lambda: _unstored(world, ends), deadline)
    return until


def _wait(missing: Callable[[], list[str]], deadline: float) -> None:
    while left := missing():
        if time.monotonic() > deadline:
            raise UnsettledError("; ".join(left[:5]))
        time.sleep(LOOK)


def _unpublished(world: Running, until: int) -> list[str]:
    """Series which the producer has not published up to `until`, or of which a gap is open."""
    status = world.producer.status()
    if status is None:
        return [f"{world.producer.name} tells no status"]
    told = {(each["symbol"], each["interval"]): each for each in status["series"]}
    left = []
    for series in world.stream.series:
        each = told.get(series, {"next_open": 0, "gaps": {}})
        behind = (each["next_open"] or 0) < grid.floor(series.interval, until)
        gaps = {cause: count for cause, count in each["gaps"].items() if cause in OPEN and count}
        if behind or gaps:
            left.append(f"{series}: next open {each['next_open']}, gaps {gaps}")
    return left


def _unstored(world: Running, ends: Mapping[tuple[str, int], int]) -> list[str]:
    """Partitions that the group has not committed up to `ends`."""
    try:
        committed = world.committed()
    except KafkaException as error:
        return [f"no offsets: {error}"]
    topics = {*world.stream.prices, world.stream.ledger_topic}
    return [
        f"{place[0]}[{place[1]}]: {committed.get(place, 0)} of {end} committed"
        for place, end in ends.items()
        if place[0] in topics and committed.get(place, 0) < end
    ]
