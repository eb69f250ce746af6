"""Candles of one stream in two buckets of an InfluxDB v2. Implements `CandleStore`, without transactions.

A point is its own key, so what is written again overwrites itself. The caller judges revisions, keeps dirty ranges
and writes again what may have been interrupted.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec

from cryptostream.core.market.candle import CandleTable, EnrichedTable
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DirtyRange, StoreBatch, StoreError
from cryptostream.core.result import Err, Ok, Result, map_ok
from cryptostream.store import influx_reading as reading
from cryptostream.store.influx_asking import ask
from cryptostream.store.influx_http import InfluxHttp, InfluxObserver
from cryptostream.store.influx_lines import bodies, newest, raw_lines, row_lines
from cryptostream.store.influx_refusals import Place, error_of
from cryptostream.store.influx_settings import InfluxSettings
from cryptostream.store.influx_shedding import bare_candles, bare_rows
from cryptostream.store.influx_writing import InfluxWriter, Order, Task

RAW, ENRICHED = "candle", "indicators"
Bounds = tuple[Millis, Millis] | None


class PreparedBatch(StoreBatch, frozen=True):
    """A batch whose bodies are made."""

    orders: tuple[Order, ...] = ()


class InfluxStore:
    """The store. One thread writes at a time, any may read. `fields` are the values of enriched rows that are read."""

    def __init__(self, settings: InfluxSettings, fields: Iterable[str], observer: InfluxObserver | None = None) -> None:
        self._settings = settings
        self._fields = tuple(fields)
        self._http = InfluxHttp(settings, observer)
        self._writer = InfluxWriter(settings, self._http, observer)
        self._begun: tuple[StoreBatch, tuple[Task, ...]] | None = None

    @property
    def atomic(self) -> bool:
        """Two buckets are two requests, and a point does not guard its revision."""
        return False

    def prepare(self, batch: StoreBatch) -> StoreBatch:
        """Make the bodies, while InfluxDB may be busy with those of another batch."""
        return PreparedBatch(**msgspec.structs.asdict(batch), orders=tuple(self._orders(batch)))

    def write(self, batch: StoreBatch) -> Result[None, StoreError]:
        """Store `batch`, within the deadline. After an error all, some or nothing is stored: write it again.

        The same batch is then gone on with, so that one which is too large for the deadline gets done as well.
        """
        until = time.monotonic() + self._settings.deadline
        if self._begun is None or self._begun[0] is not batch:
            orders = batch.orders if isinstance(batch, PreparedBatch) else self._orders(batch)
            self._begun = batch, tuple(map(Task, orders))
        written = self._writer.write(self._begun[1], until)
        if isinstance(written, Ok):
            self._begun = None
        return written

    def raw(self, series: Series, start: Millis, end: Millis) -> Result[CandleTable, StoreError]:
        """Stored candles with open time in [start, end)."""
        found = self._read(RAW, reading.CANDLE_FIELDS, series, (start, end))
        return map_ok(found, reading.candle_table)

    def enriched(self, series: Series, start: Millis, end: Millis) -> Result[EnrichedTable, StoreError]:
        """Stored indicator rows with open time in [start, end)."""
        found = self._read(ENRICHED, reading.row_fields(self._fields), series, (start, end))
        return map_ok(found, partial(reading.enriched_table, series, self._fields))

    def bounds(self, series: Series) -> Result[Bounds, StoreError]:
        """First and last stored open time, or None."""
        return self._bounds(RAW, series)

    def dirty(self) -> Result[tuple[DirtyRange, ...], StoreError]:
        """None: who holds back its commits remembers them."""
        return Ok(())

    def close(self) -> None:
        """End all connections; what was written is durable."""
        self._writer.close()
        self._http.close()

    # ------------------------------------------------------------ writing

    def _orders(self, batch: StoreBatch) -> Iterator[Order]:
        settings, points = self._settings, self._settings.points
        if batch.raw or batch.gaps:
            bare = tuple(bare_candles(newest(batch.raw)))
            yield Order(settings.raw_bucket, bare, tuple(bodies(raw_lines(settings, batch), points)))
        if batch.enriched or batch.replaced:
            lines = row_lines(settings, (*batch.enriched, *batch.replaced))
            yield Order(settings.enriched_bucket, tuple(bare_rows(batch.replaced)), tuple(bodies(lines, points)))

    # ------------------------------------------------------------ reading

    def _read(
        self, measurement: str, fields: Sequence[str], series: Series, span: reading.Span
    ) -> Result[reading.Columns, StoreError]:
        """The points in a range of any length; one of more than a page is first cut to what there is."""
        span = max(span[0], 0), min(span[1], reading.LATEST)
        if not reading.fits_a_page(series, span):
            ends = self._bounds(measurement, series)
            if isinstance(ends, Err):
                return ends
            span = (0, 0) if ends.value is None else (max(span[0], ends.value[0]), min(span[1], ends.value[1] + 1))
        parts: list[reading.Columns] = []
        for page in reading.pages(series, span):
            query = reading.select(self._settings.stream, measurement, fields, series, page)
            rows = self._ask(measurement, query)
            if isinstance(rows, Err):
                return rows
            parts.append(reading.columns(rows.value[0], fields))
        return Ok(reading.joined(parts, fields))

    def _bounds(self, measurement: str, series: Series) -> Result[Bounds, StoreError]:
        found = self._ask(measurement, reading.outermost(self._settings.stream, measurement, series))
        if isinstance(found, Err):
            return found
        (first, last) = found.value
        return Ok((first[0][0], last[0][0]) if first and last else None)

    def _ask(self, measurement: str, query: str) -> Result[list[list[reading.Row]], StoreError]:
        bucket = self._settings.raw_bucket if measurement == RAW else self._settings.enriched_bucket
        place = Place(bucket, self._settings.token_file)
        found = ask(self._http, place, query, time.monotonic() + self._settings.patience)
        return Err(error_of(found.error, place)) if isinstance(found, Err) else found
