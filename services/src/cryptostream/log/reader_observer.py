"""Who is told what a reader does: to be a part of the process's metrics, as a protocol."""

from typing import Literal, Protocol

from cryptostream.core.ports import Place

Rebalance = Literal["assigned", "revoked", "lost"]


class ReaderObserver(Protocol):
    """Counts what happened. Called from the reader's thread."""

    def records_read(self, records: int) -> None:
        """So many records were given to the consumer."""

    def rebalanced(self, kind: Rebalance) -> None:
        """The group shared out its partitions anew, or went on without this reader."""

    def offsets_committed(self) -> None:
        """The broker has taken a commit."""

    def range_expired(self, place: Place) -> None:
        """Records of a partition were deleted before they were read, or may have been."""


class Unobserved:
    """Tells nobody."""

    def records_read(self, records: int) -> None: ...
    def rebalanced(self, kind: Rebalance) -> None: ...
    def offsets_committed(self) -> None: ...
    def range_expired(self, place: Place) -> None: ...
