"""Tells a dead watch from a quiet cluster: the Lease is renewed every few seconds, so a living watch hears of it.

Liveness fails only if a renewal has succeeded that the watch has not delivered for a long time. While the API server
is away nothing can be renewed, and a restart would not help.
"""

from collections.abc import Callable
from threading import Lock
from typing import Final

from cryptostream_operator.reconcile.values import Live, Ref

DEAD: Final = 90.0
"""Seconds; kopf itself begins a silent watch anew after seventy."""


class Canary:
    """Compares what was written with what was delivered; `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._owed: tuple[Ref, str, float] | None = None

    def written(self, lease: Live) -> None:
        """The Lease was renewed; unless an earlier renewal is still owed, this one is now."""
        version = str(lease.manifest["metadata"]["resourceVersion"])
        with self._lock:
            if self._owed is None:
                self._owed = (lease.ref, version, self._clock())

    def delivered(self, ref: Ref, version: str) -> None:
        """A watch has brought the Lease; versions are numbers that grow."""
        with self._lock:
            if self._owed is not None and self._owed[0] == ref and _number(version) >= _number(self._owed[1]):
                self._owed = None

    def age(self) -> float:
        """Seconds since a renewal is owed, 0 if none is."""
        with self._lock:
            return 0.0 if self._owed is None else self._clock() - self._owed[2]

    def alive(self) -> bool:
        """Whether the watches deliver."""
        return self.age() < DEAD


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0
