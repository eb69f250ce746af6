"""A producer or consumer as a process beside the test: its pages, its log, and what the system says of it."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar, cast

import urllib3

from tests.support.parts.process import PartError, Server, wait_for
from tests.support.program import Usage, usage

T = TypeVar("T")
_DEAD = object()
_pool = urllib3.PoolManager(timeout=10, retries=False)


class Page(NamedTuple):
    status: int
    text: str


class ServiceProcess(Server):
    """A service whose `workDir` is `folder`. `start` returns once it answers."""

    def __init__(self, name: str, folder: Path, command: Sequence[str | Path]) -> None:
        self.folder = folder
        self._address = folder / "http"
        super().__init__(name, command, folder / "log", self._answers)

    def start(self, patience: float = 60) -> Self:
        self._address.unlink(missing_ok=True)  # a former life's
        super().start(patience)
        return self

    # ------------------------------------------------------------ what it says

    def page(self, path: str) -> Page:
        """An answer; `PartError` with the end of the log where the process has ended instead."""
        try:
            answer = _pool.request("GET", self._address.read_text().strip() + path)
        except (OSError, urllib3.exceptions.HTTPError):
            if self._ends():
                raise self._error("has ended") from None
            raise
        return Page(answer.status, answer.data.decode())

    def _ends(self) -> bool:
        """Whether it is dead, or dies just now."""
        until = time.monotonic() + 1
        while self.alive and time.monotonic() < until:
            time.sleep(0.02)
        return not self.alive

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.page("/status").text)
        return document

    def why_unready(self) -> str | None:
        """What `/readyz` says is missing."""
        page = self.page("/readyz")
        return None if page.status == 200 else page.text.strip()

    def until_ready(self, patience: float = 60) -> Self:
        self.until(lambda: self.why_unready() is None, "it is ready", patience)
        return self

    def until_generation(self, generation: int, patience: float = 10) -> None:
        self.until(lambda: self.status()["generation"] == generation, f"it follows generation {generation}", patience)

    def until(self, condition: Callable[[], T | None], what: str, patience: float = 60) -> T:
        """The first answer of `condition` that is not empty, while the process lives."""
        try:
            found = wait_for(lambda: condition() if self.alive else _DEAD, what, patience)
        except TimeoutError as error:
            raise self._error(f"is not as it should be ({error})") from None
        if found is _DEAD:
            raise self._error(f"has ended before {what}")
        return cast("T", found)

    @property
    def said(self) -> str:
        """All that it has written to its outputs, of former lives too."""
        return self.log.read_text()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its log lines of one event."""
        lines = (json.loads(line) for line in self.said.splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == name]

    # ------------------------------------------------------------ what the system says

    def usage(self) -> Usage:
        return usage(self.pid)

    def _answers(self) -> bool:
        """Whether it does; the file with its address comes when it listens."""
        try:
            return self._address.exists() and self.page("/healthz").status == 200
        except (PartError, urllib3.exceptions.HTTPError):
            return False
