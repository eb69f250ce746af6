"""A service that does nothing but what every service does: `python -m tests.support.idle_service CONFIG [how]`.

`how` is what goes wrong: `fails`, `raises`, `ends` by itself, or `hangs` when it is to stop.
"""

import sys
import time
from pathlib import Path
from threading import Event

from cryptostream.core.codec.service import Assignment
from cryptostream.core.codec.status import Status, status_of
from cryptostream.core.ports import LogError
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream.observe.logs import Log
from cryptostream.service.process import Service, run_service
from cryptostream.service.settings import Settings


class Idle:
    """Answers with what it was told last."""

    def __init__(self, settings: Settings, how: str) -> None:
        self._how = how
        self._stream = settings.spec.stream
        self._assigned = settings.assigned

    def run(self, stop: Event) -> Result[None, LogError]:
        if self._how == "fails":
            return Err(LogError("another producer has taken over", fatal=True))
        if self._how == "raises":
            raise RuntimeError("this was not thought of")
        if self._how == "ends":
            return Ok(None)
        stop.wait()
        if self._how == "hangs":
            time.sleep(100)
        return Ok(None)

    def assign(self, assigned: Assignment, spec: StreamSpec) -> None:
        assert len(spec.symbols) == len(assigned.symbols)
        self._assigned = assigned

    def metrics(self) -> bytes:
        return b"up 1\n"

    def status(self) -> Status:
        at = self._assigned.generation
        return status_of(role="producer", stream=self._stream, generation=at, observed_at=1, series=[])

    def unwell(self) -> str | None:
        return None

    def unready(self) -> str | None:
        return "it is idle"

    def close(self) -> None: ...


def opened(settings: Settings, _: Event, __: Log) -> Result[Service, LogError]:
    how = "".join(sys.argv[2:])
    return Err(LogError("no such certificate", fatal=True)) if how == "unopened" else Ok(Idle(settings, how))


if __name__ == "__main__":
    sys.exit(run_service("producer", Path(sys.argv[1]), opened))
