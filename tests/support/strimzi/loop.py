"""Level-triggered work: what changed is looked at, and everything now and then. Nothing is kept but names.

A look that fails is told in the log and done again a second later.
"""

import logging
import time
from collections.abc import Callable, Iterable
from queue import Empty, Queue
from threading import Thread

from tests.support.strimzi.api import Api, Kind, Manifest

AGAIN = 1.0
_LOG = logging.getLogger(__name__)


class Loop:
    """Calls `look(name)` for what changed, and for all of `everything()` every `interval` seconds, in one thread.

    `heard` is given each changed object and says whose name that is, if anyone's.
    """

    def __init__(self, look: Callable[[str], None], everything: Callable[[], Iterable[str]], interval: float) -> None:
        self._look = look
        self._everything = everything
        self._interval = interval
        self._names = Queue[str]()

    def watch(self, api: Api, kind: Kind, heard: Callable[[Manifest], str | None]) -> None:
        """Have changes of a kind looked at."""

        def listen() -> None:
            while True:
                try:
                    found, version = api.list(kind)
                    for each in found:
                        self._hear(heard(each))
                    for each in api.watch(kind, version):
                        self._hear(heard(each))
                except Exception as fault:  # noqa: BLE001 - whatever it is, Strimzi goes on
                    _LOG.warning("%s: %s: %s", kind.name, type(fault).__name__, fault)
                    time.sleep(AGAIN)

        Thread(target=listen, daemon=True).start()

    def start(self) -> None:
        Thread(target=self._run, daemon=True).start()

    def _hear(self, name: str | None) -> None:
        if name is not None:
            self._names.put(name)

    def _run(self) -> None:
        due = 0.0
        while True:
            if time.monotonic() >= due:
                try:
                    names = {*self._everything()}
                    due = time.monotonic() + self._interval
                except Exception as fault:  # noqa: BLE001 - as above
                    names, due = set(), time.monotonic() + AGAIN
                    _LOG.warning("everything: %s: %s", type(fault).__name__, fault)
            else:
                names = self._changed(due)
            for name in sorted(names):
                self._do(name)

    def _changed(self, until: float) -> set[str]:
        """Names that were heard, at once; none if there are none until then."""
        names = set[str]()
        try:
            names.add(self._names.get(timeout=max(0.0, until - time.monotonic())))
            while True:
                names.add(self._names.get_nowait())
        except Empty:
            return names

    def _do(self, name: str) -> None:
        try:
            self._look(name)
        except Exception as fault:  # noqa: BLE001 - as above
            _LOG.warning("%s: %s: %s", name, type(fault).__name__, fault)
            self._later(name)

    def _later(self, name: str) -> None:
        def wait() -> None:
            time.sleep(AGAIN)
            self._names.put(name)

        Thread(target=wait, daemon=True).start()
