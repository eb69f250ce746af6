"""The worker of one resource: one pass at a time, when it is woken or due, rarer while it fails."""

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from typing import Any, Final

import msgspec

from cryptostream_operator.effects.metrics import Metrics
from cryptostream_operator.effects.passes import Passed, Passes
from cryptostream_operator.reconcile import backoff
from cryptostream_operator.reconcile.values import Ref

LOG: Final = logging.getLogger(__name__)
GATHER: Final = 0.05
"""Seconds for which changes are gathered before a pass."""
HELD_BACK: Final = 5.0
"""The same while something fails, so that changes of children do not undo the waiting."""


class Shop(msgspec.Struct, frozen=True):
    """What all workers share: threads, clock (seconds that never go back), measures, how often all is looked at."""

    threads: Executor
    clock: Callable[[], float]
    metrics: Metrics
    resync_seconds: float


class Worker:
    """`run` ends when the resource is gone. All but the passes happens in the event loop."""

    def __init__(self, ref: Ref, passes: Passes[Any], shop: Shop) -> None:
        self.ref = ref
        self.passed: Passed[Any] | None = None
        self._passes = passes
        self._shop = shop
        self._reason = "first"
        self._whole_at = shop.clock()
        self._look_at: float | None = None
        self._failures = 0
        self._woken = asyncio.Event()
        self._known: dict[Ref, str] = {}
        self._heard: list[tuple[Ref, str, str, bool]] = []
        self._running = False
        self._stopped = False

    def wake(self, about: Ref, version: str, reason: str, *, urgent: bool = False) -> None:
        """Something has changed. The echo of what it has written itself does not wake it. While it waits to try again
        what has failed, only what is urgent wakes it at once.
        """
        if self._running:
            self._heard.append((about, version, reason, urgent))
        elif self._known.get(about) != version:
            self._due(GATHER if urgent or not self._failures else HELD_BACK, reason)

    def stop(self) -> None:
        """Begin no further pass; `run` ends after the one under way."""
        self._stopped = True
        self._woken.set()

    async def run(self) -> None:
        """Work until the resource is gone."""
        while not self._stopped:
            await self._rest()
            if self._stopped:
                return
            now = self._shop.clock()
            if now >= self._whole_at:
                passed = await self._pass(self._reason, partial(self._passes.whole, self.ref, self.passed))
                self._whole_at = self._next_whole(passed)
            elif self._look_at is not None and now >= self._look_at and self.passed is not None:
                passed = await self._pass("look", partial(self._passes.glance, self.ref, self.passed))
            else:
                continue
            if not self._goes_on(passed):
                return

    async def _rest(self) -> None:
        at = min(self._whole_at, self._look_at or self._whole_at)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), max(0.0, at - self._shop.clock()))
        self._woken.clear()

    async def _pass(self, reason: str, work: Callable[[], Passed[Any]]) -> Passed[Any]:
        """One pass in a thread. A fault of our own is told and tried again like any other."""
        self._running = True
        self._shop.metrics.waiting(1)
        begun = self._shop.clock()
        try:
            passed = await asyncio.get_running_loop().run_in_executor(self._shop.threads, work)
        except Exception:
            LOG.exception("pass_failed", extra={"resource": str(self.ref)})
            former = self.passed or Passed[Any](seen=None)
            passed = msgspec.structs.replace(former, failures=("an error of the operator itself",), written={}, acted=0)
        finally:
            self._running = False
            self._shop.metrics.waiting(-1)
        result = "failed" if passed.failures else "changed" if passed.acted else "settled"
        self._shop.metrics.count_pass(self.ref.kind, reason, result, self._shop.clock() - begun)
        return passed

    def _next_whole(self, passed: Passed[Any]) -> float:
        """When all is looked at again, if nothing wakes it before."""
        now = self._shop.clock()
        self._failures = self._failures + 1 if passed.failures else 0
        if passed.failures:
            LOG.warning("reconcile_failed", extra={"resource": str(self.ref), "failures": list(passed.failures[:5])})
            self._reason = "retry"
            return now + self._delay(passed)
        self._reason = "resync" if passed.again_after is None else "due"
        resync = self._shop.resync_seconds * (0.75 + random.random() / 2)  # noqa: S311 - spreads load
        return now + (resync if passed.again_after is None else passed.again_after)

    def _goes_on(self, passed: Passed[Any]) -> bool:
        """Take in what a pass has found; False if the resource is gone, and no other one of its name has come."""
        self.passed = passed
        self._known.update(passed.written)
        look = passed.look_after
        spread = 0.9 + random.random() / 5  # noqa: S311 - spreads load
        self._look_at = None if look is None else self._shop.clock() + look * spread
        heard, self._heard = self._heard, []
        for about, version, reason, urgent in heard:
            self.wake(about, version, reason, urgent=urgent)
        gone = passed.seen is None and not passed.failures
        return not gone or any(about == self.ref for about, *_ in heard)

    def _delay(self, passed: Passed[Any]) -> float:
        conditions = []
        if passed.seen is not None:
            conditions = (passed.seen.resource.manifest.get("status") or {}).get("conditions", [])
        now = passed.seen.now if passed.seen is not None else 0
        return backoff.delay(self._failures, backoff.failing_seconds(conditions, now), random.random())  # noqa: S311

    def _due(self, seconds: float, reason: str) -> None:
        self._whole_at = min(self._whole_at, self._shop.clock() + seconds)
        self._reason = reason if self.passed is not None else "first"
        self._woken.set()
