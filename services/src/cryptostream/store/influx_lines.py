"""From batches to requests: lines, packed, in portions; and what has to be deleted before them. Pure.

InfluxDB merges the fields of a point that is written again, so a field that has become undefined would stay: such
points are deleted first.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec
import numpy as np

from cryptostream.core.codec.line_protocol import enriched_lines, gap_line, raw_line
from cryptostream.core.market.candle import EnrichedTable, ValidatedCandle
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import StoreBatch
from cryptostream.store.influx_settings import InfluxSettings

_GZIP: Final = 31
"""zlib's word for the gzip format with the largest window."""


class Erasure(msgspec.Struct, frozen=True):
    """Points of a series with open time from `first` to `last`, to be deleted."""

    measurement: str
    series: Series
    first: Millis
    last: Millis


def raw_lines(settings: InfluxSettings, batch: StoreBatch) -> list[str]:
    """The candles and gaps of a batch."""
    symbol, stream, exchange = settings.symbol_of, settings.stream, settings.exchange
    lines = [raw_line(stream, candle) for candle in _oldest_first(batch.raw)]
    return [*lines, *(gap_line(stream, exchange, symbol(gap.series.symbol), gap) for gap in batch.gaps)]


def _oldest_first(candles: Sequence[ValidatedCandle]) -> Sequence[ValidatedCandle]:
    """Of two revisions of a candle in one request, the last line stands."""
    if not any(candle.record.revision for candle in candles):
        return candles
    return sorted(candles, key=lambda candle: candle.record.revision)


def row_lines(settings: InfluxSettings, tables: Iterable[EnrichedTable]) -> list[str]:
    """The enriched rows of a batch."""
    symbol, stream, exchange = settings.symbol_of, settings.stream, settings.exchange
    return [
        line
        for table in tables
        for line in enriched_lines(stream, exchange, symbol(table.series.symbol), table, settings.simulated)
    ]


def portions(lines: Sequence[str], points: int) -> Iterator[bytes]:
    """Bodies of at most `points` lines."""
    rest = iter(lines)
    while part := list(islice(rest, points)):
        yield "\n".join(part).encode()


def packed(body: bytes) -> bytes:
    """The body in gzip at its fastest: InfluxDB unpacks quicker than it reads from a network."""
    pack = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return pack.compress(body) + pack.flush()


def halves(body: bytes) -> tuple[bytes, bytes] | None:
    """The body parted between two lines near its middle; None if it is one line."""
    at = body.find(b"\n", len(body) // 2)
    at = body.rfind(b"\n") if at < 0 else at
    return None if at < 0 else (body[:at], body[at + 1 :])


def raw_erasures(candles: Iterable[ValidatedCandle]) -> tuple[Erasure, ...]:
    """Restated candles which lack something that their earlier revision may have had."""
    return tuple(
        Erasure("candle", candle.record.series, candle.record.open_time, candle.record.open_time)
        for candle in candles
        if candle.record.revision and _lacks(candle)
    )


def _lacks(candle: ValidatedCandle) -> bool:
    record = candle.record
    optional = (candle.quote_volume, candle.taker_buy_volume, candle.taker_buy_quote_volume, record.trades)
    return None in optional or record.first_trade_id is None or record.last_trade_id is None


def row_erasures(tables: Iterable[EnrichedTable]) -> tuple[Erasure, ...]:
    """Stretches of rows which are written again and in which something is undefined."""
    return tuple(each for table in tables for each in _undefined(table))


def _undefined(table: EnrichedTable) -> Iterator[Erasure]:
    lacking = np.zeros(len(table), np.bool_)
    for column in table.values.values():
        lacking |= ~np.isfinite(column)
    edges = np.flatnonzero(np.diff(lacking, prepend=False, append=False))
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        first, last = int(table.open_time[start]), int(table.open_time[end - 1])
        yield Erasure("indicators", table.series, first, last)
