"""What is written is read back as it was, and bytes that nobody wrote become a reason instead of an exception."""

from math import isfinite
from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from cryptostream.core.codec import dead_letter, ledger, record, status
from cryptostream.core.codec.line_protocol import enriched_lines, gap_line, raw_line
from cryptostream.core.codec.status import SeriesStatus, status_of
from cryptostream.core.market.candle import Candle, CandleRecord, EnrichedTable
from cryptostream.core.market.gap import CAUSES, Gap
from cryptostream.core.market.progress import Front, Progress
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.ports import DeadLetter, LogRecord
from cryptostream.core.result import Err, Ok
from tests.support.builders import validated
from tests.support.line_protocol_reader import read
from tests.support.strategies import candles, int64, intervals, names, texts

counts = st.integers(0, 2**40)
millis = st.integers(0, 2**50)
symbols = st.builds(Symbol, names, names, names)
series = st.builds(Series, names, intervals.map(lambda interval: interval.name))
plain = st.text(st.characters(categories=["L", "N"], include_characters=" ,=-._/"), min_size=1, max_size=20)
"""Tag values: anything but backslashes and control characters."""
records = st.builds(
    record.record_of,
    candles(),
    symbol=symbols,
    lane=st.sampled_from(["live", "repair", "history"]),
    revision=st.integers(0, 100),
    published_at=int64,
    simulated=st.booleans(),
)
gaps = st.builds(
    Gap,
    series=series,
    start=millis,
    end=millis,
    candles=counts,
    cause=st.sampled_from(CAUSES),
    state=st.sampled_from(["open", "closed"]),
    detected_at=millis,
    resolved_at=st.none() | millis,
    evidence=st.none() | texts,
    proof=st.sampled_from(["trade_ids", "rest", "none"]),
)
progress = st.builds(
    Progress,
    series=series,
    start=millis,
    next_open=millis,
    last_trade_id=st.none() | counts,
    published=counts,
    duplicates_dropped=counts,
    topic_offset=st.none() | st.tuples(counts, counts),
    generation=counts,
    at=millis,
    fronts=st.lists(st.builds(Front, millis, millis, millis, st.tuples(st.tuples(millis, millis))), max_size=2).map(
        tuple
    ),
)


@given(records, st.dictionaries(texts.map(lambda text: f"new {text}"), st.none() | int64 | texts, max_size=3))
def test_records_come_back_whatever_was_added_to_them(written: CandleRecord, added: dict[str, Any]) -> None:
    assert record.decode(record.encode(written)) == Ok(written)
    more = msgspec.json.encode(asdict(written) | added)
    assert record.decode(more) == Ok(written)


@given(records, st.data())
def test_a_torn_record_is_malformed(written: CandleRecord, data: st.DataObject) -> None:
    value = record.encode(written)
    result = record.decode(value[: data.draw(st.integers(0, len(value) - 1))])
    assert isinstance(result, Err)
    assert result.error.reason == "malformed"


@given(st.binary(max_size=300))
def test_bytes_that_nobody_wrote_are_malformed(value: bytes) -> None:
    letter = LogRecord("t", 0, 0, b"", b"", (("reason", value), ("at", value)), 0)
    for result in (record.decode(value), status.decode(value), ledger.decode(value, value), dead_letter.decode(letter)):
        assert isinstance(result, Err)
        assert result.error.reason in {"malformed", "newer_schema"}


@given(gaps | progress)
def test_ledger_entries_come_back(entry: Gap | Progress) -> None:
    assert ledger.decode(ledger.key(entry), ledger.encode(entry)) == Ok(entry)


@given(
    st.binary(max_size=100),
    st.builds(Rejected, st.sampled_from(["malformed", "off_grid", "store_refused"]), texts),
    st.sampled_from(["decode", "validate", "store"]),
    millis,
    st.none() | st.tuples(names, intervals.map(lambda interval: interval.name), millis),
)
def test_dead_letters_come_back(
    value: bytes, rejected: Rejected, stage: Any, at: int, place: tuple[str, str, int] | None
) -> None:
    refused = LogRecord("market.majors.prices-1m", 3, 99, b"BTCUSDC", value, (), at)
    letter = DeadLetter(refused, rejected, stage, at, *(place or ()))
    published = replace(refused, topic="market.majors.dead-letter", headers=dead_letter.headers(letter))
    assert dead_letter.decode(published) == Ok(letter)


@given(st.lists(st.builds(SeriesStatus, symbol=names, interval=st.just("1m"), lag=st.none() | counts)), counts)
def test_status_comes_back(shown: list[SeriesStatus], generation: int) -> None:
    made = status_of(role="consumer", stream="a.b", generation=generation, observed_at=1, series=shown)
    assert status.decode(status.encode(made)) == Ok(made)


FLOATS = ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
INTEGERS = ("trades", "close_time", "exchange_time", "published_at", "revision", "first_trade_id", "last_trade_id")


@given(candles(), plain)
def test_a_point_has_what_the_candle_states_and_nothing_else(made: Candle, stream: str) -> None:
    candle = validated(made)
    stated = {name: getattr(candle, name) for name in FLOATS} | {n: getattr(candle.record, n) for n in INTEGERS}
    texts_and_flags = {"lane": "live", "source": made.source, "simulated": True, "flagged": False}
    point = read(raw_line(stream, candle))
    assert point.fields == {name: value for name, value in stated.items() if value is not None} | texts_and_flags
    assert {name for name, value in point.fields.items() if type(value) is float} <= set(FLOATS)
    assert {name for name, value in point.fields.items() if type(value) is int} <= set(INTEGERS)
    assert (point.measurement, point.time) == ("candle", made.open_time)
    coin = candle.record.coin
    tags = {"stream": stream, "exchange": "binance", "symbol": made.symbol, "interval": made.interval}
    assert point.tags == (tags | {"coin": coin} if coin else tags)


@given(st.lists(st.tuples(st.floats(), st.floats(), st.booleans()), max_size=8), symbols, plain)
def test_enriched_rows_have_the_values_that_are_defined(
    rows: list[tuple[float, float, bool]], symbol: Symbol, name: str
) -> None:
    count = np.arange(len(rows))
    table = EnrichedTable(
        series=Series(symbol.name, "1m"),
        open_time=count * 60_000,
        revision=count,
        values={name: np.array([row[0] for row in rows]), f"{name}_b": np.array([row[1] for row in rows])},
        warm=np.array([row[2] for row in rows]),
        gap_in_window=np.array([not row[2] for row in rows]),
        hour=count % 24,
        weekday=count % 7,
    )
    lines = enriched_lines("market.majors", "binance", symbol, table, False)
    assert len(lines) == len(rows)
    for place, (line, (first, second, warm)) in enumerate(zip(lines, rows, strict=True)):
        values = {each: value for each, value in ((name, first), (f"{name}_b", second)) if isfinite(value)}
        flags = {"warm": warm, "gap_in_window": not warm, "simulated": False}
        point = read(line)
        assert point.fields == values | flags | {"revision": place, "hour": place % 24, "weekday": place % 7}
        assert (point.time, point.tags["symbol"]) == (place * 60_000, symbol.name)


@given(gaps.filter(lambda gap: not {"\n", "\r"} & set(gap.evidence or "")), symbols)
def test_gaps_are_points_with_their_texts_as_they_were(gap: Gap, symbol: Symbol) -> None:
    point = read(gap_line("market.majors", "binance", symbol, gap))
    assert point.fields.get("evidence") == gap.evidence
    assert (point.fields["cause"], point.fields["candles"], point.time) == (gap.cause, gap.candles, gap.start)
