"""All workers: one for each resource, so that none waits for another. Lives in the event loop."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from cryptostream_operator.effects.passes import Passed, Passes
from cryptostream_operator.handlers.worker import Shop, Worker
from cryptostream_operator.reconcile.values import Ref

PATIENCE: Final = 10.0
"""Seconds that a stop waits for passes under way."""


class Crew:
    """Workers by their resources; `passes` by kind."""

    def __init__(self, passes: Mapping[str, Passes[Any]], shop: Shop) -> None:
        self._passes = passes
        self._shop = shop
        self._workers: dict[Ref, Worker] = {}
        self._tasks: dict[Ref, asyncio.Task[None]] = {}
        self._generations: dict[Ref, int] = {}
        self._closed = False

    def resource(self, ref: Ref, version: str, generation: int, *, deleting: bool, gone: bool) -> None:
        """A stream or store has changed, or is there for the first time."""
        changed = self._generations.get(ref) != generation or deleting
        self._generations[ref] = generation
        if gone:
            self._generations.pop(ref, None)
        if ref not in self._workers or self._tasks[ref].done():
            if not gone and not self._closed:
                self._begin(ref)
            return
        self._workers[ref].wake(ref, version, "changed", urgent=changed or gone)

    def child(self, owner: Ref, about: Ref, version: str) -> None:
        """Something that belongs to a resource has changed."""
        if owner in self._workers:
            self._workers[owner].wake(about, version, "child")

    def neighbour(self, about: Ref, version: str) -> None:
        """Something that others refer to has changed."""
        for worker in self._workers.values():
            if worker.passed is not None and about in worker.passed.interests:
                worker.wake(about, version, "neighbour")

    def refers(self, ref: Ref, kind: str, namespace: str) -> bool:
        """Whether a resource has to do with something of this kind and namespace."""
        worker = self._workers.get(ref)
        near = worker.passed.interests if worker is not None and worker.passed is not None else frozenset()
        return any((each.kind, each.namespace) == (kind, namespace) for each in near)

    def census(self) -> Mapping[tuple[str, str, str], int]:
        """How many resources there are by kind, condition and its status."""
        return Counter(
            (worker.ref.kind, kind, status)
            for worker in list(self._workers.values())
            if worker.passed is not None
            for kind, status in worker.passed.conditions.items()
        )

    def readiness(self) -> Mapping[Ref, bool]:
        """Whether each resource that was looked at, and is not suspended, is ready."""
        looked = ((worker.ref, worker.passed) for worker in list(self._workers.values()))
        return {
            ref: passed.conditions.get("Ready") == "True"
            for ref, passed in looked
            if passed is not None and passed.conditions and not _suspended(passed)
        }

    async def stop(self) -> None:
        """Begin nothing more; passes under way end, or are given up after a while."""
        self._closed = True
        tasks = [*self._tasks.values()]
        for worker in self._workers.values():
            worker.stop()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=PATIENCE)
            for task in late:
                task.cancel()

    def _begin(self, ref: Ref) -> None:
        worker = Worker(ref, self._passes[ref.kind], self._shop)
        self._workers[ref] = worker
        task = asyncio.get_running_loop().create_task(worker.run(), name=str(ref))
        self._tasks[ref] = task
        task.add_done_callback(lambda _: self._end(ref, worker))

    def _end(self, ref: Ref, worker: Worker) -> None:
        if self._workers.get(ref) is worker:
            del self._workers[ref], self._tasks[ref]


def _suspended(passed: Passed[Any]) -> bool:
    return passed.seen is not None and bool(passed.seen.resource.manifest.get("spec", {}).get("suspend"))
