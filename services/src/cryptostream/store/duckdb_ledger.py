"""The embedded ledger: gaps in a table, and what was published as far as it is stored. Implements `Ledger`."""

from collections.abc import Mapping, Sequence

import duckdb

from cryptostream.core.market.candle import CandleTable
from cryptostream.core.market.gap import Cause, Gap
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.progress import Progress
from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogError, StoreError
from cryptostream.core.result import Ok, Result, map_err
from cryptostream.core.stream.completeness import absent_runs
from cryptostream.store import reading
from cryptostream.store.database import Session, insert

_COLUMNS = (
    "stream",
    "symbol",
    "interval",
    "start_time",
    "end_time",
    "candles",
    "cause",
    "state",
    "detected_at",
    "resolved_at",
    "evidence",
    "proof",
)


class DuckDbLedger:
    """Gaps of one stream and, where the log does not outlive the process, its stored candles."""

    def __init__(self, session: Session, stream: str) -> None:
        self._session = session
        self._stream = stream

    def gaps(self, cause: Cause | None = None) -> Result[tuple[Gap, ...], LogError]:
        """Every gap ever recorded (of one cause if that is given), at its newest state."""
        return map_err(self._session.attempt(lambda c: _read_gaps(c, self._stream, cause)), log_error)

    def progress(self) -> Result[Mapping[Series, Progress], LogError]:
        """None: what is stored tells what has arrived."""
        return Ok({})

    def news(self) -> Result[tuple[Gap, ...], LogError]:
        """None: nobody else writes here, and nothing expires."""
        return Ok(())

    def record(self, gaps: Sequence[Gap]) -> Result[None, LogError]:
        """Remember `gaps`; one with the series and start of another replaces it."""
        rows = [_row(self._stream, gap) for gap in gaps]
        return map_err(self._session.transact(lambda c: insert(c, "gap", _COLUMNS, rows)), log_error)

    def missing(
        self, series: Series, start: Millis, end: Millis
    ) -> Result[tuple[tuple[Millis, Millis], ...], LogError]:
        """Runs [first, last] of open times in [start, end) that are not stored."""

        def work(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[Millis, Millis], ...]:
            opens = reading.stored_opens(connection, self._stream, series, start, end)
            return absent_runs(INTERVALS[series.interval], opens, start, end)

        return map_err(self._session.attempt(work), log_error)

    def published(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, LogError]:
        """Stored candles with open time in [start, end)."""
        return map_err(self._session.attempt(lambda c: reading.candles(c, self._stream, series, start, end)), log_error)

    def bounds(self, series: Series) -> Result[tuple[Millis, Millis] | None, LogError]:
        """First and last open time stored, or None."""
        return map_err(self._session.attempt(lambda c: reading.bounds(c, self._stream, series)), log_error)


def log_error(error: StoreError) -> LogError:
    """The same fault, of the part of the log that lives in the store."""
    return LogError(error.detail, fatal=not error.retryable)


def _row(stream: str, gap: Gap) -> tuple[object, ...]:
    resolved = None if gap.resolved_at is None else gap.resolved_at * 1000
    where = (stream, gap.series.symbol, gap.series.interval, gap.start, gap.end, gap.candles)
    return (*where, gap.cause, gap.state, gap.detected_at * 1000, resolved, gap.evidence, gap.proof)


def _read_gaps(connection: duckdb.DuckDBPyConnection, stream: str, cause: Cause | None) -> tuple[Gap, ...]:
    query = (
        f"SELECT {', '.join(_COLUMNS[1:])} FROM gap "  # noqa: S608 - own names
        "WHERE stream = ? AND cause = coalesce(?, cause) ORDER BY symbol, interval, start_time"
    )
    return tuple(
        Gap(
            series=Series(symbol, interval),
            start=start,
            end=end,
            candles=candles,
            cause=cause,
            state=state,
            detected_at=detected // 1000,
            resolved_at=None if resolved is None else resolved // 1000,
            evidence=evidence,
            proof=proof,
        )
        for symbol, interval, start, end, candles, cause, state, detected, resolved, evidence, proof in (
            connection.execute(query, [stream, cause]).fetchall()
        )
    )
