"""Which series a running producer is to have, as others tell it while it runs."""

from collections.abc import Mapping
from threading import Lock

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series, Symbol


class Assignment(msgspec.Struct, frozen=True):
    """The series to be produced, each with the open time from which it must be complete, and their symbols."""

    symbols: Mapping[str, Symbol]
    starts: Mapping[Series, Millis]
    generation: int


class Assignments:
    """The newest assignment that has not been taken up yet. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._newest: Assignment | None = None

    def put(self, assignment: Assignment) -> None:
        """Replace what was not taken up."""
        with self._lock:
            self._newest = assignment

    def take(self) -> Assignment | None:
        """What is to be taken up, once."""
        with self._lock:
            newest, self._newest = self._newest, None
        return newest
