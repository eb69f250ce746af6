"""Keeps a service running as a kubelet would: what ends is started again, after a pause that grows while it fails."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.support.parts.process import Server

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
SETTLED = 10.0
"""Seconds of life after which a process counts as well: the next pause is the first again."""
LOOK = 0.05


class Supervised:
    """One service. `starts` are the times (ms since the epoch) of its starts, `exits` its exit codes."""

    def __init__(self, name: str, command: Sequence[str | Path], log: Path, folder: Path) -> None:
        self.server = Server(name, command, log, lambda: True, folder=folder)
        self.starts: list[int] = []
        self.exits: list[int] = []
        self._lock = threading.RLock()
        self._wanted = False
        self._pause = FIRST_PAUSE
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name=f"supervisor of {name}", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        return self.server.name

    def start(self) -> Self:
        with self._lock:
            self._wanted = True
            if not self.server.alive:
                self._start()
        return self

    def stop(self) -> int:
        """Ask it to end, and leave it so."""
        with self._lock:
            self._wanted = False
        return self.server.stop()

    def kill(self) -> None:
        """`kill -9`; the supervisor starts it again."""
        self.server.kill()

    def hold(self) -> None:
        """`kill -9`, and leave it so."""
        with self._lock:
            self._wanted = False
            self.server.kill()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.server.kill()

    def _start(self) -> None:
        self.starts.append(time.time_ns() // 1_000_000)
        self.server.start()

    def _look_after(self) -> None:
        while not self._over.wait(LOOK):
            with self._lock:
                ended = self._wanted and not self.server.alive
            if ended:
                self._restart()

    def _restart(self) -> None:
        lived = time.time() - self.starts[-1] / 1000
        self._pause = FIRST_PAUSE if lived > SETTLED else min(2 * self._pause, LONGEST_PAUSE)
        self.exits.append(self.server.stop())
        if not self._over.wait(self._pause):
            with self._lock:
                if self._wanted and not self.server.alive:
                    self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
