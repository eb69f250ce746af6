"""The producer's way to the embedded log and the ledger in the store. Implements `Journal`.

A log inside the process ends with it, so that the store alone tells what has arrived: there are no checkpoints,
and a gap is ledgered after the candles.
"""

from collections.abc import Sequence

from cryptostream.core.market.gap import Gap
from cryptostream.core.market.progress import Progress
from cryptostream.core.ports import LogError, LogWriter, Newest, NewRecord
from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.duckdb_ledger import DuckDbLedger


class LocalJournal:
    """Publishes into `log` and records gaps in `ledger`."""

    def __init__(self, log: LogWriter, ledger: DuckDbLedger) -> None:
        self._log = log
        self._ledger = ledger

    def take_over(self) -> Result[None, LogError]:
        """The store is locked by its process: there is no other owner."""
        return Ok(None)

    def publish(self, records: Sequence[NewRecord], entries: Sequence[Gap | Progress]) -> Result[Newest, LogError]:
        """Append `records`, then record the gaps among `entries`."""
        written = self._log.publish(records) if records else Ok(None)
        if isinstance(written, Err):
            return written
        gaps = [entry for entry in entries if isinstance(entry, Gap)]
        recorded = self._ledger.record(gaps) if gaps else Ok(None)
        return recorded if isinstance(recorded, Err) else Ok({})
