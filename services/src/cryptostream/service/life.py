"""The life of a service: its work in a thread, and an end within ten seconds."""

import os
import threading
from collections.abc import Callable

from cryptostream.consumer.patience import Halt
from cryptostream.core.ports import LogError
from cryptostream.core.result import Err, Result
from cryptostream.observe.logs import Log

DONE, FAULT = 0, 1
LOOK_SECONDS = 0.5
END_SECONDS = 10.0
"""From the wish to stop until the process is gone, whatever still hangs."""
Run = Callable[[threading.Event], Result[None, LogError] | Result[None, Halt]]
"""Works until the event is set."""


class Work:
    """What a service is there for, in a thread of its own, until `ending` is set.

    `fault` says why it ended, if it was not asked to.
    """

    def __init__(self, run: Run, ending: threading.Event, log: Log) -> None:
        self._run = run
        self._ending = ending
        self._log = log
        self._thread = threading.Thread(target=self._body, name="work")
        self.fault: str | None = None

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Ask it to end, and wait until it has."""
        self._ending.set()
        self._thread.join()

    def _body(self) -> None:
        try:
            done = self._run(self._ending)
        except Exception as error:  # noqa: BLE001 - nobody looks at what a thread raises
            self.fault = f"{type(error).__name__}: {error}"
            self._log.error("crashed", error=error)
            return
        if isinstance(done, Err):
            self.fault = done.error.detail
        elif not self._ending.is_set():
            self.fault = "it ended without being asked to"


def live(work: Work, stop: threading.Event, log: Log) -> int:
    """Run until `stop` is set or the work ends by itself; returns the exit code."""
    work.start()
    while not stop.wait(LOOK_SECONDS) and work.alive:
        pass
    end_in_time(log)
    work.end()
    if work.fault is not None:
        log.error("failed", detail=work.fault)
        return FAULT
    log.info("stopped")
    return DONE


def end_in_time(log: Log, seconds: float = END_SECONDS, exit_: Callable[[int], None] = os._exit) -> None:
    """End this process in `seconds`, by force if it has not ended by then: what hangs cannot be waited for."""

    def force() -> None:
        log.error("forced_end", detail=f"not done within {seconds:g} s of being asked to stop")
        exit_(FAULT)

    timer = threading.Timer(seconds, force)
    timer.daemon = True
    timer.start()
