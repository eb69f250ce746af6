"""Child processes that always end: with the test, with the test run, and when the test run is killed.

The kernel kills a child when the *thread* that started it ends (PR_SET_PDEATHSIG), so all are started by one thread
that lives as long as this process. Each has a process group and a log of its own.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from tests.support.parts.cache import tail

PATIENCE = 60.0
T = TypeVar("T")
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")


class PartError(Exception):
    """A part did not do what it was told; the message has the end of its log."""


def wait_for(condition: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """The first answer of `condition` that is not empty; `TimeoutError` if none comes within `patience` seconds."""
    until = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > until:
            raise TimeoutError(f"not within {patience:g} s: {what}")
        time.sleep(0.05)
    return found


def spawn(
    command: Sequence[str | Path], log: Path, *, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """`command` as a process that this one does not leave behind; its output is added to `log`."""

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                env=env,
                start_new_session=True,
            )

    return _STARTER.submit(start).result()


class Server:
    """A program that is started, ended and held up at will. Its command, and so its ports and data, stay the same.

    `ready` is asked until it says yes. Every method returns when what it does is done.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        ready: Callable[[], bool],
        *,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.command = tuple(map(str, command))
        self.log = log
        self._ready = ready
        self._folder = folder
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, patience: float = PATIENCE) -> Self:
        """Starts it and waits until it is ready; if it ends or takes longer, `PartError` with the end of its log."""
        assert not self.alive, f"{self.name} runs already"
        self._process = spawn(self.command, self.log, folder=self._folder, env=self._env)
        try:
            wait_for(lambda: not self.alive or self._ready(), "", patience)
        except TimeoutError:
            self.kill()
            raise self._error(f"was not ready within {patience:g} s") from None
        if not self.alive:
            raise self._error(f"ended with {self._process.returncode}")
        return self

    def stop(self, patience: float = PATIENCE) -> int:
        """Asks it to end (SIGTERM), and kills it if it does not; returns the exit code."""
        if not self.alive:
            return self._ended()
        self.resume()
        self._signal(signal.SIGTERM)
        try:
            return self._ended(patience)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """`kill -9`, to all of its process group."""
        self._signal(signal.SIGKILL)
        return self._ended()

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def pause(self) -> None:
        """Holds it up (SIGSTOP): its connections stay open, nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def mend(self) -> None:
        """Up and running, whatever was done to it."""
        self.resume()
        if not self.alive:
            self.start()

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:
            os.killpg(self.pid, number)

    def _ended(self, patience: float | None = None) -> int:
        return self._process.wait(patience) if self._process else 0

    def _error(self, what: str) -> PartError:
        return PartError(f"{self.name} {what}; {self.log} ends with\n{tail(self.log)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
