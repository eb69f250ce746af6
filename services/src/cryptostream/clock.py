"""Clocks: the one place that reads the machine's time. Everything else is given a `core.ports.Clock`."""

import threading
import time
from collections.abc import Callable, Sequence

from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import Clock


class SystemClock:
    """The time of this machine."""

    def now(self) -> Millis:
        return time.time_ns() // 1_000_000

    def now_micros(self) -> int:
        return time.time_ns() // 1000

    def real_seconds(self, millis: Millis) -> float:
        return max(0, millis) / 1000


class ExchangeClock:
    """The exchange's time: a clock of this side, corrected by the offset that was measured last."""

    def __init__(self, local: Clock) -> None:
        self._local = local
        self.offset: Millis = 0
        """Exchange time minus local time in ms; whoever measures it sets it."""

    def now(self) -> Millis:
        return self._local.now() + self.offset

    def now_micros(self) -> int:
        return self._local.now_micros() + self.offset * 1000

    def real_seconds(self, millis: Millis) -> float:
        return self._local.real_seconds(millis)


class ScaledClock:
    """A clock that starts at `start` (ms) when it is made and runs `speed` times as fast as the wall's."""

    def __init__(self, start: Millis, speed: float = 1.0, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}: time does not stand still or run backwards")
        self._start = start * 1000
        self._speed = speed
        self._monotonic_ns = monotonic_ns
        self._began = monotonic_ns()

    def now(self) -> Millis:
        return self.now_micros() // 1000

    def now_micros(self) -> int:
        return self._start + int((self._monotonic_ns() - self._began) * self._speed) // 1000

    def real_seconds(self, millis: Millis) -> float:
        return max(0, millis) / 1000 / self._speed


class JumpingClock:
    """A scaled clock over `spans` of time, [first, end) in ms, ascending and apart: it jumps from the end of one
    to the beginning of the next, and runs on past the last.
    """

    def __init__(
        self,
        spans: Sequence[tuple[Millis, Millis]],
        speed: float = 1.0,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        if not spans:
            raise ValueError("spans must hold at least one [first, end)")
        self._spans = tuple(spans)
        self._elapsed = ScaledClock(0, speed, monotonic_ns)

    def now(self) -> Millis:
        return self.now_micros() // 1000

    def now_micros(self) -> int:
        left = self._elapsed.now_micros()
        for first, end in self._spans[:-1]:
            length = (end - first) * 1000
            if left < length:
                return first * 1000 + left
            left -= length
        return self._spans[-1][0] * 1000 + left

    def real_seconds(self, millis: Millis) -> float:
        return self._elapsed.real_seconds(millis)


class ManualClock:
    """A clock that stands still until a test moves it. Safe to use from several threads.

    `poll_seconds` is what `real_seconds` answers for any wait: whoever waits looks again after it.
    """

    def __init__(self, start: Millis, poll_seconds: float = 0.002) -> None:
        self._micros = start * 1000
        self._poll = poll_seconds
        self._lock = threading.Lock()

    def now(self) -> Millis:
        return self.now_micros() // 1000

    def now_micros(self) -> int:
        with self._lock:
            return self._micros

    def real_seconds(self, millis: Millis) -> float:
        return self._poll if millis > 0 else 0.0

    def advance(self, millis: Millis) -> None:
        """Move on by `millis`, 0 or more."""
        if millis < 0:
            raise ValueError(f"millis must be 0 or more, not {millis}: a clock does not run backwards")
        with self._lock:
            self._micros += millis * 1000

    def set(self, time: Millis) -> None:
        """Move on to `time`, which is not before now."""
        self.advance(time - self.now())
