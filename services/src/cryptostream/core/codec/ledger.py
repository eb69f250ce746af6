"""Ledger records: the compacted topic that holds, by key, the newest progress and every gap of a series. Pure.

Keys are `p|BTCUSDC|1m`, `g|BTCUSDC|1m|<first open time>` for a gap of the producer's, and `e|…` in place of `g|…` for
one that a consumer has named: so neither writes over the other's. Open times are milliseconds, `at`s microseconds.
"""

from typing import Final, assert_never

import msgspec
from msgspec.structs import asdict

from cryptostream.core.codec.versioned import SCHEMA, read
from cryptostream.core.market.candle import Int64
from cryptostream.core.market.gap import BY_CONSUMER, Cause, Gap, GapState, Proof
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.progress import Front, Progress
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Series
from cryptostream.core.result import Err, Ok, Result, bind, map_ok


class ProgressRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The value of `p|SYMBOL|INTERVAL`; `at` is in µs."""

    schema: int = SCHEMA
    start: Int64
    next_open: Int64
    last_trade_id: Int64 | None
    published: Int64
    duplicates_dropped: Int64
    topic_offset: tuple[Int64, Int64] | None
    generation: Int64
    at: Int64
    fronts: tuple[Front, ...] = ()


class GapRecord(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """The value of `g|SYMBOL|INTERVAL|FROM`; `from` and `to` are in ms, `detected_at` and `resolved_at` in µs."""

    schema: int = SCHEMA
    start: Int64
    end: Int64
    candles: Int64
    cause: Cause
    state: GapState
    detected_at: Int64
    resolved_at: Int64 | None
    evidence: str | None
    proof: Proof


Entry = Gap | Progress

_encoder: Final = msgspec.json.Encoder()
_progress: Final = msgspec.json.Decoder(ProgressRecord)
_gap: Final = msgspec.json.Decoder(GapRecord)


def key(entry: Entry) -> bytes:
    """The key under which the newest record stands for all before it."""
    place = f"{entry.series.symbol}|{entry.series.interval}"
    match entry:
        case Progress():
            return f"p|{place}".encode()
        case Gap():
            return f"{'e' if entry.evidence == BY_CONSUMER else 'g'}|{place}|{entry.start}".encode()
        case _:
            assert_never(entry)


def encode(entry: Entry) -> bytes:
    """The value of a ledger record."""
    stated = {name: value for name, value in asdict(entry).items() if name != "series"}
    match entry:
        case Progress():
            return _encoder.encode(ProgressRecord(**stated))
        case Gap():
            resolved_at = None if entry.resolved_at is None else entry.resolved_at * 1000
            return _encoder.encode(
                GapRecord(**stated | {"detected_at": entry.detected_at * 1000, "resolved_at": resolved_at})
            )
        case _:
            assert_never(entry)


def decode(key: bytes, value: bytes) -> Result[Entry, Rejected]:
    """What a ledger record says; `newer_schema` or `malformed` if it is none."""
    match key.decode(errors="replace").split("|"):
        case ["p", symbol, interval] if interval in INTERVALS:
            series = Series(symbol, interval)
            return map_ok(read(_progress, value), lambda record: _progress_of(series, record))
        case ["g" | "e", symbol, interval, start] if interval in INTERVALS:
            series = Series(symbol, interval)
            return bind(read(_gap, value), lambda record: _gap_of(series, start, record))
        case _:
            return Err(Rejected("malformed", f"{key[:80]!r} is no key: p|SYMBOL|INTERVAL, or g|…|FROM, or e|…|FROM"))


def _progress_of(series: Series, record: ProgressRecord) -> Progress:
    stated = {name: value for name, value in asdict(record).items() if name != "schema"}
    return Progress(series=series, **stated)


def _gap_of(series: Series, start: str, record: GapRecord) -> Result[Entry, Rejected]:
    if start != str(record.start):
        return Err(Rejected("malformed", f"the key says from {start[:20]}, the value from {record.start}"))
    stated = {name: value for name, value in asdict(record).items() if name != "schema"}
    resolved_at = None if record.resolved_at is None else record.resolved_at // 1000
    return Ok(Gap(series=series, **stated | {"detected_at": record.detected_at // 1000, "resolved_at": resolved_at}))
