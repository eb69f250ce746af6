import csv
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cryptostream.core.codec.binance import csv_row
from cryptostream.core.market.candle import CandleRecord, ValidatedCandle
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.reject import Reason, Rejected
from cryptostream.core.market.series import Series
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.validation import ValidationRules, validate
from tests.support.builders import record
from tests.support.strategies import NOW, candles, int64, texts
from tests.unit.codec.examples import CLOSE, OPEN, RECORD, err, ok

RULES = ValidationRules(frozenset({"BTCUSDC"}), frozenset(INTERVALS), max_move=0.5, reject_aberrant=False, skew_ms=1000)
STRICT = replace(RULES, reject_aberrant=True)
FLAT = {"open": "100", "high": "100", "low": "100", "close": "100"}


def judge(
    judged: CandleRecord,
    rules: ValidationRules = RULES,
    *,
    now: int = CLOSE + 5,
    previous_close: float | None = None,
    listing: int | None = None,
) -> Result[ValidatedCandle, Rejected]:
    return validate(judged, rules=rules, now=now, previous_close=previous_close, listing=listing)


def test_a_good_record_has_its_decimals_as_floats() -> None:
    assert ok(judge(RECORD)) == ValidatedCandle(
        RECORD, 112890.01, 112900.0, 112870.5, 112888.88, 1.234, 139298.12, 0.61, 68871.3, flagged=False
    )


def test_what_a_source_does_not_state_stays_absent() -> None:
    bare = replace(
        RECORD,
        **dict.fromkeys(("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")),
        **dict.fromkeys(("trades", "first_trade_id", "last_trade_id")),
    )
    candle = ok(judge(bare))
    assert (candle.quote_volume, candle.taker_buy_volume, candle.taker_buy_quote_volume) == (None, None, None)


def test_a_candle_without_trades_is_data() -> None:
    quiet = replace(RECORD, **FLAT, volume="0.00000000", trades=0, first_trade_id=None, last_trade_id=None)
    assert ok(judge(quiet)).volume == 0.0


@pytest.mark.parametrize("close_time", [OPEN, OPEN + 1, CLOSE - 1, CLOSE])
def test_an_early_close_is_legal(close_time: int) -> None:
    assert isinstance(judge(replace(RECORD, close_time=close_time)), Ok)


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("unknown_symbol", {"symbol": "ETHUSDC"}),
        ("unknown_symbol", {"symbol": ""}),
        ("unknown_interval", {"interval": "7m"}),
        ("too_early", {"open_time": -60_000}),
        ("too_early", {"open_time": -(2**63)}),
        ("in_future", {"open_time": OPEN + 120_000}),
        ("in_future", {"open_time": 2**63 - 1}),
        ("in_future", {"open_time": 2**63 - 1, "interval": "1M"}),
        ("off_grid", {"open_time": OPEN + 1}),
        ("off_grid", {"interval": "1h"}),
        ("off_grid", {"interval": "1M"}),
        ("bad_close_time", {"close_time": OPEN - 1}),
        ("bad_close_time", {"close_time": CLOSE + 1}),
        ("bad_close_time", {"close_time": CLOSE * 1000}),
        *[("bad_number", {name: "nan"}) for name in ("open", "high", "low", "close", "volume", "quote_volume")],
        *[("bad_number", {"high": text}) for text in ("", "abc", "inf", "1_0", " 1", "1e400", "-")],
        *[("bad_number", {"taker_buy_volume": text}) for text in ("", "-inf", "Infinity")],
        ("bad_number", {"volume": "0", "quote_volume": "nan"}),
        *[("negative", {name: "-1"}) for name in ("open", "high", "low", "close", "volume", "quote_volume")],
        *[("negative", {name: "0.00000000"}) for name in ("open", "high", "low", "close")],
        *[("negative", {name: "-0.1"}) for name in ("taker_buy_volume", "taker_buy_quote_volume")],
        ("negative", {"trades": -1, "first_trade_id": None, "last_trade_id": None}),
        ("negative", {"revision": -1}),
        ("inconsistent", {"low": "112888.89"}),
        ("inconsistent", {"low": "112890.02", "close": "112895"}),
        ("inconsistent", {"high": "112890.00"}),
        ("inconsistent", {"high": "112888.87", "open": "112880"}),
        ("inconsistent", {"high": "112870.5", "low": "112900"}),
        ("bad_trade_ids", {"trades": 411}),
        ("bad_trade_ids", {"last_trade_id": 5123}),
        ("bad_trade_ids", {"first_trade_id": None}),
        ("bad_trade_ids", {"last_trade_id": None}),
        ("bad_trade_ids", {"first_trade_id": -1, "last_trade_id": -1, "trades": 0}),
        ("bad_trade_ids", {"first_trade_id": -400, "last_trade_id": 11}),
        ("bad_trade_ids", {"first_trade_id": 5, "last_trade_id": 4, "trades": 0}),
        ("bad_trade_ids", {"first_trade_id": 5, "last_trade_id": 4, "trades": None}),
    ],
)
def test_every_fault_has_its_reason(reason: Reason, changes: dict[str, Any]) -> None:
    rejected = err(judge(replace(RECORD, **changes)))
    assert rejected.reason == reason
    assert rejected.detail


@pytest.mark.parametrize(
    ("name", "least"), [("open", "above 0"), ("low", "above 0"), ("volume", "0 or more"), ("quote_volume", "0 or more")]
)
def test_the_field_at_fault_is_named(name: str, least: str) -> None:
    assert err(judge(replace(RECORD, **{name: "x"}))).detail == f"{name} is no decimal: 'x'"
    assert err(judge(replace(RECORD, **{name: "-2"}))).detail == f"{name} is -2: it must be {least}"


def test_an_absent_value_is_not_taken_for_the_fault() -> None:
    bad = replace(RECORD, quote_volume=None, taker_buy_volume="x")
    assert err(judge(bad)).detail == "taker_buy_volume is no decimal: 'x'"


def test_what_a_stream_did_not_ask_for_is_refused() -> None:
    hourly = replace(RULES, intervals=frozenset({"1h"}))
    assert err(judge(RECORD, hourly)).reason == "unknown_interval"


def test_nothing_comes_from_before_the_listing() -> None:
    assert isinstance(judge(RECORD, listing=OPEN), Ok)
    assert err(judge(RECORD, listing=OPEN + 60_000)).reason == "too_early"


@pytest.mark.parametrize(("now", "accepted"), [(CLOSE, True), (CLOSE - 1000, True), (CLOSE - 1001, False), (0, False)])
def test_nothing_comes_from_beyond_the_clock_and_the_skew(now: int, accepted: bool) -> None:
    result = judge(RECORD, now=now)
    assert isinstance(result, Ok) if accepted else err(result).reason == "in_future"


def test_the_first_moment_beyond_is_too_much() -> None:
    at_once = replace(RECORD, close_time=OPEN)
    assert isinstance(judge(at_once, now=OPEN - 1000), Ok)
    assert err(judge(at_once, now=OPEN - 1001)).reason == "in_future"


def test_the_first_candle_of_all_is_one() -> None:
    assert isinstance(judge(replace(RECORD, open_time=0, close_time=59_999)), Ok)


@pytest.mark.parametrize("trade_id", [0, 7])
def test_one_trade_is_first_and_last(trade_id: int) -> None:
    assert isinstance(judge(replace(RECORD, trades=1, first_trade_id=trade_id, last_trade_id=trade_id)), Ok)


def test_trades_of_a_source_without_ids_are_taken_as_they_are() -> None:
    assert isinstance(judge(replace(RECORD, first_trade_id=None, last_trade_id=None)), Ok)
    assert isinstance(judge(replace(RECORD, trades=None)), Ok)


def moved(close: str) -> CandleRecord:
    return replace(RECORD, open="100", high="1000", low="1", close=close)


@pytest.mark.parametrize(
    ("close", "previous", "aberrant"),
    [
        ("150", 100.0, False),
        ("150.01", 100.0, True),
        ("50", 100.0, False),
        ("49.99", 100.0, True),
        ("150", None, False),  # its own open, 100, stands for what is not known
        ("150.01", None, True),
        ("49.99", None, True),
        ("10", 10.0, False),
        ("100", 10.0, True),
    ],
)
def test_an_aberrant_move_is_flagged_or_refused(close: str, previous: float | None, aberrant: bool) -> None:
    assert ok(judge(moved(close), previous_close=previous)).flagged is aberrant
    strict = judge(moved(close), STRICT, previous_close=previous)
    if aberrant:
        assert err(strict).reason == "aberrant_move"
        assert "50.00%" in err(strict).detail
    else:
        assert not ok(strict).flagged


def test_every_interval_is_judged_on_its_own_grid() -> None:
    for name, grid in INTERVALS.items():
        opens = grid.floor(OPEN)
        judged = replace(RECORD, interval=name, open_time=opens, close_time=grid.close_time(opens))
        assert isinstance(judge(judged, now=grid.next(opens)), Ok), name


@given(candles(), st.booleans())
def test_a_coherent_candle_passes_with_the_floats_of_its_strings(made: Any, strict: bool) -> None:
    rules = ValidationRules(frozenset({made.symbol}), frozenset(INTERVALS), 1e30, strict, 0)
    candle = ok(validate(record(made), rules=rules, now=NOW, previous_close=None, listing=0))
    names = ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    for name in names:
        text = getattr(made, name)
        assert getattr(candle, name) == (None if text is None else float(text))
    assert not candle.flagged


decimals = texts | st.floats().map(str) | st.integers().map(str)
wild = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("open", "high", "low", "close", "volume"), decimals),
        **{name: st.none() | decimals for name in ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")},
        **dict.fromkeys(("open_time", "close_time", "revision", "exchange_time", "published_at"), int64),
        **{name: st.none() | int64 for name in ("trades", "first_trade_id", "last_trade_id")},
        "symbol": texts,
        "interval": texts | st.sampled_from(list(INTERVALS)),
    },
)


@given(wild, st.none() | st.floats(0, 1e12), st.none() | st.integers(0, NOW))
def test_whatever_is_written_is_judged_and_what_passes_is_sound(
    changes: dict[str, Any], previous: float | None, listing: int | None
) -> None:
    result = judge(replace(RECORD, **changes), STRICT, previous_close=previous, listing=listing)
    if isinstance(result, Err):
        assert result.error.reason in get_args(Reason)
        return
    candle = result.value
    assert 0 < candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high
    assert candle.record.open_time <= candle.record.close_time <= CLOSE + 5 + RULES.skew_ms
    assert INTERVALS[candle.record.interval].is_open_time(candle.record.open_time)
    assert not candle.flagged


def test_every_recorded_candle_passes(shared_data: Path) -> None:
    for file in sorted((shared_data / "klines").glob("*.csv")):
        symbol, interval = file.name.split("_")[1].split("-")[:2]
        rules = replace(RULES, symbols=frozenset({symbol}))
        _, *lines = csv.reader(file.read_text().splitlines())
        assert lines
        for line in lines:
            made = ok(csv_row(line, series=Series(symbol, interval)))
            candle = ok(judge(record(made), rules, now=made.exchange_time, listing=int(lines[0][0])))
            assert candle.close == float(line[4])
