"""Candles of one stream in two buckets of an InfluxDB v2. Implements `CandleStore`, without transactions.

A point is its own key, so what is written again overwrites itself. The caller judges revisions, keeps dirty ranges
and writes again what may have been interrupted.
"""

import io
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from urllib3.exceptions import HTTPError

from cryptostream.core.market.candle import CandleTable, EnrichedTable
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DirtyRange, StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result, map_ok
from cryptostream.store import influx_lines as lines
from cryptostream.store import influx_reading as reading
from cryptostream.store.influx_http import InfluxHttp, InfluxObserver, Response
from cryptostream.store.influx_refusals import error_of
from cryptostream.store.influx_settings import InfluxSettings
from cryptostream.store.influx_writing import InfluxWriter

READ_AHEAD = 65_536


class InfluxStore:
    """The store. Safe to call from several threads. `fields` are the values of enriched rows that are read."""

    def __init__(self, settings: InfluxSettings, fields: Iterable[str], observer: InfluxObserver | None = None) -> None:
        self._settings = settings
        self._fields = tuple(fields)
        self._http = InfluxHttp(settings, observer)
        self._writer = InfluxWriter(settings, self._http)
        self._threads = ThreadPoolExecutor(2, "influx-write")

    @property
    def atomic(self) -> bool:
        """Two buckets are two requests, and a point does not guard its revision."""
        return False

    def write(self, batch: StoreBatch) -> Result[None, StoreError]:
        """Store `batch`, both buckets at once. After an error all, some or nothing is stored: write it again."""
        rows = (*batch.enriched, *batch.replaced)
        enriched = self._threads.submit(self._put_rows, batch, rows) if rows else None
        raw = self._put_raw(batch) if batch.raw or batch.gaps else Ok(None)
        beside = enriched.result() if enriched else Ok(None)
        return raw if isinstance(raw, Err) else beside

    def raw(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, StoreError]:
        """Stored candles with open time in [start, end)."""
        query = reading.select(self._settings.stream, "candle", reading.CANDLE_FIELDS, series, (start, end))
        return map_ok(self._query(self._settings.raw_bucket, query, reading.CANDLE_FIELDS), reading.candle_table)

    def enriched(self, series: Series, start: Millis, end: Millis) -> Result[EnrichedTable, StoreError]:
        """Stored indicator rows with open time in [start, end)."""
        fields = reading.row_fields(self._fields)
        query = reading.select(self._settings.stream, "indicators", fields, series, (start, end))
        found = self._query(self._settings.enriched_bucket, query, fields)
        return map_ok(found, partial(reading.enriched_table, series, self._fields))

    def bounds(self, series: Series) -> Result[tuple[Millis, Millis] | None, StoreError]:
        """First and last stored open time, or None."""
        ends: list[Millis] = []
        for oldest in (True, False):
            query = reading.outermost(self._settings.stream, series, oldest=oldest)
            found = self._query(self._settings.raw_bucket, query, ("revision",))
            if isinstance(found, Err):
                return found
            ends += found.value["open_time"].tolist()
        return Ok((ends[0], ends[-1]) if ends else None)

    def dirty(self) -> Result[tuple[DirtyRange, ...], StoreError]:
        """None: who holds back its commits remembers them."""
        return Ok(())

    def close(self) -> None:
        """End all connections; what was written is durable."""
        self._threads.shutdown()
        self._http.close()

    def _put_raw(self, batch: StoreBatch) -> Result[None, StoreError]:
        erasures = lines.raw_erasures(batch.raw)
        return self._writer.put(self._settings.raw_bucket, erasures, lines.raw_lines(self._settings, batch))

    def _put_rows(self, batch: StoreBatch, rows: Sequence[EnrichedTable]) -> Result[None, StoreError]:
        erasures = lines.row_erasures(batch.replaced)
        return self._writer.put(self._settings.enriched_bucket, erasures, lines.row_lines(self._settings, rows))

    def _query(self, bucket: str, query: str, fields: Sequence[str]) -> Result[reading.Columns, StoreError]:
        params = {"db": bucket, "epoch": "ms"}
        headers = {"Accept": "application/csv", "Content-Type": "application/vnd.influxql"}
        asked = self._http.post("/query", params, query.encode(), headers, self._settings.patience)
        if isinstance(asked, Err):
            return Err(error_of(asked.error, bucket, self._settings.token_file))
        return self._columns(asked.value, fields)

    def _columns(self, response: Response, fields: Sequence[str]) -> Result[reading.Columns, StoreError]:
        response.auto_close = False  # or it would be closed under the reader at its end
        try:
            text = io.TextIOWrapper(io.BufferedReader(response, READ_AHEAD), encoding="utf-8", newline="")
            return Ok(reading.columns(text, fields))
        except HTTPError as fault:
            return Err(self._http.unreachable(fault))
        except ValueError as fault:
            return Err(StoreError(f"InfluxDB's answer cannot be read: {fault}", retryable=True))
        finally:
            response.release_conn()
