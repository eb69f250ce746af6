"""A small stream as a run leaves it: coherent 1m and 1h candles, their enriched rows, ledger and notes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
from msgspec.structs import replace

from cryptostream.core.indicators.catalogue import Indicator, compile_indicators
from cryptostream.core.indicators.enrich import enrich
from cryptostream.core.indicators.naming import ALWAYS
from cryptostream.core.market.candle import EnrichedTable, Floats, ValidatedCandle
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import HOUR, MINUTE, Millis
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.market.table import table_of
from cryptostream.core.ports import StoreBatch
from cryptostream.core.resource.parse import parse_stream
from cryptostream.store.directory import DATABASE
from cryptostream.store.duckdb_notes import RESOURCE
from cryptostream.store.duckdb_store import DuckDbStore
from tests.support.stored import candle, done

BEGIN = 472_222 * HOUR
"""A full hour."""
MINUTES = 360
BTC = Symbol("BTCUSDC", "BTC", "USDC")
BTC_1M, BTC_1H = Series("BTCUSDC", "1m"), Series("BTCUSDC", "1h")
STREAM = "market.majors"
RESOURCE_OF_IT = {
    "apiVersion": "cryptostream.io/v1alpha1",
    "kind": "CryptoStream",
    "metadata": {"name": "majors", "namespace": "market"},
    "spec": {
        "coins": ["BTC"],
        "intervals": ["1m", "1h"],
        "indicators": [
            {"name": "sma5", "function": "SMA", "params": {"timeperiod": 5}},
            {"name": "rsi3", "function": "RSI", "params": {"timeperiod": 3}},
            {"name": "hourly", "function": "SMA", "params": {"timeperiod": 2}, "withInterval": "1h"},
        ],
    },
}
SPEC = done(parse_stream(RESOURCE_OF_IT))
INDICATORS: tuple[Indicator, ...] = done(compile_indicators(SPEC.indicators, SPEC.intervals))
FIELDS = (*ALWAYS, *(name for indicator in INDICATORS for name in indicator.fields))


def minute(place: int) -> Millis:
    """Open time of the minute `place` of the stream."""
    return BEGIN + place * MINUTE


def minutes(places: Iterable[int] = range(MINUTES)) -> tuple[ValidatedCandle, ...]:
    """Minute candles at `places`: a walk of prices, a quiet minute now and then, trade ids without holes."""
    closes = 100 + np.cumsum(np.random.default_rng(7).integers(-9, 10, MINUTES + 1)) / 100
    trades = [0 if place % 50 == 7 else 3 + place % 4 for place in range(MINUTES)]
    firsts = np.cumsum([1000, *trades]).tolist()
    return tuple(_minute(place, closes, trades[place], firsts[place]) for place in places)


def _minute(place: int, closes: Floats, trades: int, first: int) -> ValidatedCandle:
    before, close = float(closes[place]), float(closes[place + 1])
    busy = trades > 0
    close = close if busy else before
    return candle(
        BTC_1M,
        minute(place),
        open=str(before),
        high=str(round(max(before, close) + 0.05 * busy, 2)),
        low=str(round(min(before, close) - 0.05 * busy, 2)),
        close=str(close),
        volume=str(trades / 8),
        quote_volume=str(trades * 16),
        taker_buy_volume=str(trades / 16),
        taker_buy_quote_volume=str(trades * 8),
        trades=trades,
        first_trade_id=first if busy else None,
        last_trade_id=first + trades - 1 if busy else None,
        simulated=True,
    )


def hours(parts: tuple[ValidatedCandle, ...]) -> tuple[ValidatedCandle, ...]:
    """The hours which whole groups of sixty of `parts` make."""
    return tuple(_hour(parts[start : start + 60]) for start in range(0, len(parts), 60))


def _hour(parts: tuple[ValidatedCandle, ...]) -> ValidatedCandle:
    sums: dict[str, Any] = {
        name: str(sum(getattr(part, name) for part in parts))
        for name in ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    }
    busy = [part.record for part in parts if part.record.trades]
    return candle(
        BTC_1H,
        parts[0].record.open_time,
        open=parts[0].record.open,
        high=str(max(part.high for part in parts)),
        low=str(min(part.low for part in parts)),
        close=parts[-1].record.close,
        trades=sum(record.trades or 0 for record in busy),
        first_trade_id=busy[0].first_trade_id,
        last_trade_id=busy[-1].last_trade_id,
        simulated=True,
        **sums,
    )


def rows_of(parts: tuple[ValidatedCandle, ...], wholes: tuple[ValidatedCandle, ...]) -> tuple[EnrichedTable, ...]:
    """The enriched rows of both series."""
    longer = table_of(wholes)
    return tuple(
        enrich(
            table,
            series=series,
            indicators=INDICATORS,
            start=BEGIN,
            end=BEGIN + 1000 * HOUR,
            first_open=None,
            listing=None,
            longer={"1h": longer},
            longer_first={"1h": int(longer.open_time[0])},
        )
        for series, table in ((BTC_1M, table_of(parts)), (BTC_1H, longer))
    )


def opened(directory: Path) -> DuckDbStore:
    """The stream's store, for writing."""
    symbols = {BTC.name: BTC}
    return done(DuckDbStore.open(directory, stream=STREAM, symbols=symbols, simulated=True, fields=FIELDS))


def filled(directory: Path, *, absent: range = range(0), gaps: tuple[Gap, ...] = ()) -> None:
    """Write the stream into `directory` as a run would have left it, without the minutes of `absent`."""
    every = minutes()
    present = tuple(part for place, part in enumerate(every) if place not in absent)
    wholes = hours(every)
    store = opened(directory)
    done(store.write(StoreBatch(raw=(*present, *wholes), enriched=rows_of(present, wholes))))
    done(store.ledger.record(gaps))
    done(store.notes.set_meta(RESOURCE, msgspec.json.encode(RESOURCE_OF_IT, order="sorted").decode()))
    store.close()


def gap(places: range, **changes: Any) -> Gap:
    """The ledger's entry for the minutes of `places`: proved absent, unless changed."""
    entry = Gap(
        series=BTC_1M,
        start=minute(places[0]),
        end=minute(places[-1]),
        candles=len(places),
        cause="exchange_outage",
        state="closed",
        detected_at=minute(places[-1]),
        resolved_at=minute(places[-1]) + MINUTE,
        evidence="rest",
        proof="rest",
    )
    return replace(entry, **changes)


def tampered(directory: Path, *statements: str) -> None:
    """Change the stored tables behind the store's back."""
    with duckdb.connect(str(directory / DATABASE)) as connection:
        for statement in statements:
            connection.execute(statement)
