"""From batches to requests: lines in bodies of bounded size. Pure."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from cryptostream.core.codec.line_protocol import enriched_lines, gap_line, raw_line
from cryptostream.core.market.candle import EnrichedTable, ValidatedCandle
from cryptostream.core.ports import StoreBatch
from cryptostream.store.influx_settings import InfluxSettings

_GZIP: Final = 31
"""zlib's word for the gzip format with the largest window."""


def raw_lines(settings: InfluxSettings, batch: StoreBatch) -> Iterator[str]:
    """The candles and gaps of a batch."""
    symbol, stream, exchange = settings.symbol_of, settings.stream, settings.exchange
    yield from (raw_line(stream, candle) for candle in newest(batch.raw))
    yield from (gap_line(stream, exchange, symbol(gap.series.symbol), gap) for gap in batch.gaps)


def newest(candles: Sequence[ValidatedCandle]) -> Sequence[ValidatedCandle]:
    """Each candle at its newest revision only: InfluxDB would merge the fields of two."""
    if not any(candle.record.revision for candle in candles):
        return candles
    ascending = sorted(candles, key=lambda candle: candle.record.revision)
    return tuple({(candle.record.series, candle.record.open_time): candle for candle in ascending}.values())


def row_lines(settings: InfluxSettings, tables: Iterable[EnrichedTable]) -> Iterator[str]:
    """The enriched rows of a batch."""
    symbol, stream, exchange = settings.symbol_of, settings.stream, settings.exchange
    for table in tables:
        yield from enriched_lines(stream, exchange, symbol(table.series.symbol), table, settings.simulated)


def bodies(lines: Iterable[str], points: int) -> Iterator[bytes]:
    """Bodies of at most `points` lines."""
    rest = iter(lines)
    while part := list(islice(rest, points)):
        yield "\n".join(part).encode()


def packed(body: bytes) -> bytes:
    """The body in gzip at its fastest."""
    pack = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return pack.compress(body) + pack.flush()


def count(body: bytes) -> int:
    """How many points are in it."""
    return body.count(b"\n") + 1


def halves(body: bytes) -> tuple[bytes, bytes] | None:
    """The body parted between two lines near its middle; None if it is one line."""
    at = body.find(b"\n", len(body) // 2)
    at = body.rfind(b"\n") if at < 0 else at
    return None if at < 0 else (body[:at], body[at + 1 :])
