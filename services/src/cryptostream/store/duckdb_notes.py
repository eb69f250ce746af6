"""What a run notes beside its candles: its resource, the ranges of recordings, listings, and its totals."""

import duckdb
import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import StoreError
from cryptostream.core.result import Result
from cryptostream.store.database import Session, insert, read_meta, write_meta

RESOURCE = "resource"
"""Under this key a run notes its resource as canonical JSON."""

_SERIES = ("stream", "symbol", "interval")


class RunTotals(msgspec.Struct, frozen=True):
    """Records of one run, which ended at `ended_at` (µs): published = stored + duplicates + dead-lettered + expired."""

    ended_at: int
    published: int
    stored: int
    duplicates: int
    dead_lettered: int
    expired: int = 0


class DuckDbNotes:
    """Small tables of one stream that `verify` reads."""

    def __init__(self, session: Session, stream: str) -> None:
        self._session = session
        self._stream = stream

    def meta(self, key: str) -> Result[str | None, StoreError]:
        """What is noted under `key`."""
        return self._session.attempt(lambda c: read_meta(c, key))

    def set_meta(self, key: str, value: str) -> Result[None, StoreError]:
        """Note `value` under `key`, which is not one of the store's own."""
        return self._session.attempt(lambda c: write_meta(c, key, value))

    def record_coverage(self, series: Series, start: Millis, end: Millis) -> Result[None, StoreError]:
        """A recording of `series` reaches from open time `start` to open time `end`, both included.

        Once any range of a series is noted, candles are expected in its ranges alone.
        """
        row = (self._stream, series.symbol, series.interval, start, end)
        columns = (*_SERIES, "start_time", "end_time")
        return self._session.attempt(lambda c: insert(c, "coverage", columns, [row]))

    def coverage(self) -> Result[dict[Series, tuple[tuple[Millis, Millis], ...]], StoreError]:
        """The noted ranges by series, ascending; they may overlap."""
        query = "SELECT symbol, interval, start_time, end_time FROM coverage WHERE stream = ? ORDER BY ALL"

        def work(connection: duckdb.DuckDBPyConnection) -> dict[Series, tuple[tuple[Millis, Millis], ...]]:
            ranges: dict[Series, tuple[tuple[Millis, Millis], ...]] = {}
            for symbol, interval, start, end in connection.execute(query, [self._stream]).fetchall():
                series = Series(symbol, interval)
                ranges[series] = (*ranges.get(series, ()), (start, end))
            return ranges

        return self._session.attempt(work)

    def record_listing(self, series: Series, open_time: Millis) -> Result[None, StoreError]:
        """The first candle that the exchange has of `series`: `warm` depends on it."""
        row = (self._stream, series.symbol, series.interval, open_time)
        return self._session.attempt(lambda c: insert(c, "listing", (*_SERIES, "open_time"), [row]))

    def listings(self) -> Result[dict[Series, Millis], StoreError]:
        """The listings that were noted."""
        query = "SELECT symbol, interval, open_time FROM listing WHERE stream = ?"

        def work(connection: duckdb.DuckDBPyConnection) -> dict[Series, Millis]:
            rows = connection.execute(query, [self._stream]).fetchall()
            return {Series(symbol, interval): open_time for symbol, interval, open_time in rows}

        return self._session.attempt(work)

    def record_totals(self, totals: RunTotals) -> Result[None, StoreError]:
        """Note what a run did."""
        columns = RunTotals.__struct_fields__
        row = [getattr(totals, name) for name in columns]
        return self._session.attempt(lambda c: insert(c, "run_totals", columns, [row]))

    def last_totals(self) -> Result[RunTotals | None, StoreError]:
        """What the last run did that noted it."""
        query = f"SELECT {', '.join(RunTotals.__struct_fields__)} FROM run_totals ORDER BY ended_at DESC LIMIT 1"  # noqa: S608 - own names

        def work(connection: duckdb.DuckDBPyConnection) -> RunTotals | None:
            row = connection.execute(query).fetchone()
            return None if row is None else RunTotals(*row)

        return self._session.attempt(work)
