"""How often the same thing is said: a budget per message and window. Knows time only as an argument."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Swallowed(Generic[K]):
    """`count` messages of one `key` were left out in the `seconds` before now."""

    key: K
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Window:
    began: float
    said: int = 0
    swallowed: int = 0


class Repeats(Generic[K]):
    """Lets `burst` messages of each key through in `window` seconds and counts the rest.

    Holds one small entry per key said within the last window, at most `most_keys`; what is said under
    further keys passes uncounted.
    """

    def __init__(self, burst: int = 20, window: float = 10.0, most_keys: int = 1000) -> None:
        self._burst = burst
        self._window = window
        self._most_keys = most_keys
        self._open: dict[K, _Window] = {}

    def allows(self, key: K, now: float) -> bool:
        """Whether a message of `key` may be said at `now` (seconds)."""
        window = self._open.get(key) or _Window(now)
        if key not in self._open and len(self._open) >= self._most_keys:
            return True
        says = window.said < self._burst
        self._open[key] = (
            replace(window, said=window.said + 1) if says else replace(window, swallowed=window.swallowed + 1)
        )
        return says

    def due(self, now: float) -> tuple[Swallowed[K], ...]:
        """What was left out in windows that are over; their keys may be said anew."""
        over = {key: w for key, w in self._open.items() if not 0 <= now - w.began < self._window}
        for key in over:
            del self._open[key]
        return tuple(Swallowed(key, w.swallowed, now - w.began) for key, w in over.items() if w.swallowed)

    def rest(self, now: float) -> tuple[Swallowed[K], ...]:
        """What was left out and not yet told, at the end."""
        left = tuple(Swallowed(key, w.swallowed, now - w.began) for key, w in self._open.items() if w.swallowed)
        self._open.clear()
        return left
