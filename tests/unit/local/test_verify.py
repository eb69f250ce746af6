"""A stream as a run leaves it verifies; whatever is broken on purpose is found and named."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from cryptostream.core.market.reject import Rejected
from cryptostream.core.ports import DeadLetter, DirtyRange, LogRecord, StoreBatch
from cryptostream.local.verify import verify
from cryptostream.store.duckdb_notes import RunTotals
from tests.support.stored import done, rows
from tests.support.stored_stream import BTC_1M, MINUTES, filled, gap, minute, opened, tampered

Differences = dict[str, int]


class Told:
    """What `verify` says of a directory."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str], *, interrupted: bool = False) -> None:
        self.code = verify(data=directory, file=None, as_json=True, interrupted=interrupted)
        report: dict[str, Any] = msgspec.json.decode(capsys.readouterr().out)
        self.differences: Differences = report["differences"]
        self.examples: list[dict[str, Any]] = report["examples"]
        self.series: dict[str, dict[str, Any]] = {each["series"]["interval"]: each for each in report["series"]}

    def first(self, kind: str) -> dict[str, Any]:
        return next(each for each in self.examples if each["kind"] == kind)


def test_a_complete_stream_has_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    told = Told(tmp_path, capsys)
    assert (told.code, told.differences, told.examples) == (0, {}, [])
    counts = {name: (each["expected"], each["stored"]) for name, each in told.series.items()}
    assert counts == {"1m": (MINUTES, MINUTES), "1h": (MINUTES // 60, MINUTES // 60)}


def test_candles_that_the_exchange_does_not_have_are_not_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(tmp_path, absent=range(100, 180), gaps=(gap(range(100, 180)),))
    told = Told(tmp_path, capsys)
    assert (told.code, told.differences) == (0, {})
    assert told.series["1m"]["gaps"] == {"exchange_outage": 80}
    assert (told.series["1m"]["expected"], told.series["1m"]["stored"]) == (MINUTES - 80, MINUTES - 80)


@pytest.mark.parametrize(
    ("gaps", "differences"),
    [
        ((), {"missing": 80}),
        ((gap(range(100, 120)),), {"missing": 60}),
        ((gap(range(100, 180), cause="pending", state="closed"),), {"missing": 80}),
        ((gap(range(100, 180), cause="pending", state="open"),), {"pending": 80}),
        ((gap(range(100, 180), cause="blocked", state="open"),), {"pending": 80}),
        ((gap(range(90, 190), cause="pending", state="open"), gap(range(100, 180))), {}),
    ],
    ids=["no entry", "short entry", "repaired", "pending", "blocked", "proved within pending"],
)
def test_absent_candles_must_be_named_by_the_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], gaps: tuple[Any, ...], differences: Differences
) -> None:
    filled(tmp_path, absent=range(100, 180), gaps=gaps)
    told = Told(tmp_path, capsys)
    assert (told.code, told.differences) == (1 if differences else 0, differences)
    assert told.series["1m"]["differences"] == differences


def test_a_lost_candle_is_named_with_what_it_makes_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    tampered(tmp_path, f"DELETE FROM candle WHERE interval = '1m' AND open_time = {minute(120)}")
    told = Told(tmp_path, capsys)
    assert told.code == 1
    assert told.first("missing")["open_time"] == minute(120)
    assert told.first("enriched") == {
        "kind": "enriched",
        "detail": "there is a row, but no candle",
        "series": {"symbol": "BTCUSDC", "interval": "1m"},
        "open_time": minute(120),
        "candles": 1,
    }


def test_a_candle_before_the_first_one_is_missed_where_the_ledger_knows_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(tmp_path, gaps=(gap(range(2), cause="pending"),))
    tampered(tmp_path, *(f"DELETE FROM {table} WHERE open_time < {minute(2)}" for table in ("candle", "indicators")))
    assert Told(tmp_path, capsys).differences["missing"] == 2


@pytest.mark.parametrize("digit", [1e-9, -0.01], ids=["last digit", "cent"])
def test_a_changed_price_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str], digit: float) -> None:
    filled(tmp_path)
    where = f"WHERE interval = '1m' AND open_time = {minute(200)}"
    tampered(tmp_path, f"UPDATE candle SET close = close + {digit} {where}")
    told = Told(tmp_path, capsys)
    assert told.code == 1
    assert told.first("enriched")["open_time"] == minute(200)


@pytest.mark.parametrize("column", ["volume", "taker_buy_quote_volume", "trades", "high", "close"])
def test_an_hour_must_be_sixty_minutes(tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str) -> None:
    """1h equals sixty 1m in every full hour"""
    filled(tmp_path)
    tampered(tmp_path, f"UPDATE candle SET {column} = {column} + 1 WHERE interval = '1h' AND open_time = {minute(60)}")
    told = Told(tmp_path, capsys)
    assert told.code == 1
    assert told.differences["rollup"] == 1
    assert told.first("rollup")["open_time"] == minute(60)
    assert told.first("rollup")["detail"].startswith(f"{column} is ")


def test_an_hour_with_an_absent_minute_is_not_held_against_its_minutes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(tmp_path, absent=range(100, 101), gaps=(gap(range(100, 101)),))
    assert Told(tmp_path, capsys).differences == {}


@pytest.mark.parametrize("field", ["sma5", "rsi3", "hourly", "mean_oc", "range", '"return"'])
def test_a_changed_bit_of_an_indicator_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str) -> None:
    filled(tmp_path)
    where = f"WHERE interval = '1m' AND open_time = {minute(300)}"
    tampered(tmp_path, f"UPDATE indicators SET {field} = {field} * (1 + 2.3e-16) + 5e-324 {where}")
    told = Told(tmp_path, capsys)
    assert (told.code, told.differences) == (1, {"enriched": 1})
    assert told.first("enriched")["detail"].startswith(f"{field.strip(chr(34))} is ")


@pytest.mark.parametrize("change", ["warm = NOT warm", "gap_in_window = NOT gap_in_window", "hour = 25", "sma5 = NULL"])
def test_a_changed_flag_or_a_lost_value_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    filled(tmp_path)
    tampered(tmp_path, f"UPDATE indicators SET {change} WHERE interval = '1m' AND open_time = {minute(300)}")
    assert Told(tmp_path, capsys).differences == {"enriched": 1}


def test_a_lost_row_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    tampered(tmp_path, f"DELETE FROM indicators WHERE interval = '1h' AND open_time = {minute(0)}")
    told = Told(tmp_path, capsys)
    assert (told.code, told.differences) == (1, {"enriched": 1})
    assert told.first("enriched")["detail"] == "there is a candle, but no row"


def test_a_candle_that_is_stored_twice_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    tampered(  # without its key the table would take it
        tmp_path,
        "CREATE TABLE loose AS SELECT * FROM candle",
        "DROP TABLE candle",
        f"INSERT INTO loose SELECT * FROM loose WHERE interval = '1m' AND open_time = {minute(30)}",
        "ALTER TABLE loose RENAME TO candle",
    )
    told = Told(tmp_path, capsys)
    assert told.code == 1
    assert told.differences["duplicate"] == 1
    assert told.first("duplicate")["open_time"] == minute(30)


@pytest.mark.parametrize("place", [120, 108], ids=["next to one another", "after a minute without trades"])
def test_a_break_in_the_chain_of_trades_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: int
) -> None:
    filled(tmp_path)
    where = f"WHERE interval = '1m' AND open_time >= {minute(place)}"
    tampered(
        tmp_path, f"UPDATE candle SET first_trade_id = first_trade_id + 1, last_trade_id = last_trade_id + 1 {where}"
    )
    told = Told(tmp_path, capsys)
    assert (told.code, told.differences) == (1, {"trade_chain": 1})
    assert told.first("trade_chain")["open_time"] == minute(place)


@pytest.mark.parametrize(
    "change",
    ["low = high + 1", "high = low", "volume = -1", "close_time = open_time - 1", "trades = trades + 1", "open = 0"],
)
def test_a_candle_that_cannot_be_true_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str) -> None:
    filled(tmp_path)
    tampered(tmp_path, f"UPDATE candle SET {change} WHERE interval = '1m' AND open_time = {minute(120)}")
    told = Told(tmp_path, capsys)
    assert told.code == 1
    assert told.differences["impossible"] == 1
    assert told.first("impossible")["open_time"] == minute(120)


def test_rows_that_are_to_be_computed_again_are_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    store = opened(tmp_path)
    wrong = rows(BTC_1M, [minute(10), minute(11)], {"sma5": [1.0, 2.0]})
    done(store.write(StoreBatch(enriched=(wrong,), add_dirty=(DirtyRange(BTC_1M, minute(10), minute(12)),))))
    store.close()
    told = Told(tmp_path, capsys)
    assert (told.code, told.differences) == (1, {"dirty": 3})


def test_what_an_interrupted_run_has_still_to_do_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(tmp_path, absent=range(100, 180), gaps=(gap(range(100, 180), cause="pending", state="open"),))
    told = Told(tmp_path, capsys, interrupted=True)
    assert (told.code, told.differences) == (0, {"pending": 80})
    tampered(tmp_path, f"DELETE FROM candle WHERE interval = '1m' AND open_time = {minute(30)}")
    assert Told(tmp_path, capsys, interrupted=True).code == 1


def test_a_refused_candle_is_missing_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path, absent=range(100, 102))
    store = opened(tmp_path)
    record = LogRecord("market.majors.prices-1m", 0, 0, b"BTCUSDC", b"{}", (), minute(101))
    refusal = Rejected("aberrant_move", "90 %")
    done(store.dead_letters.put([DeadLetter(record, refusal, "validate", 0, "BTCUSDC", "1m", minute(101))]))
    store.close()
    told = Told(tmp_path, capsys)
    assert (told.code, told.differences) == (1, {"missing": 1, "dead_letter": 1})
    assert told.first("dead_letter")["detail"] == "refused: aberrant_move"


@pytest.mark.parametrize(("published", "differences"), [(10, {}), (12, {"conservation": 2})])
def test_every_record_of_the_last_run_must_be_accounted_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], published: int, differences: Differences
) -> None:
    filled(tmp_path)
    store = opened(tmp_path)
    done(store.notes.record_totals(RunTotals(1, published=99, stored=1, duplicates=1, dead_lettered=1)))
    totals = RunTotals(2, published, stored=7, duplicates=2, dead_lettered=1)
    done(store.notes.record_totals(totals))
    store.close()
    assert Told(tmp_path, capsys).differences == differences


def test_time_outside_a_recording_is_no_gap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Time outside a recording is no gap."""
    filled(tmp_path, absent=range(120, 240))
    store = opened(tmp_path)
    done(store.notes.record_coverage(BTC_1M, minute(0), minute(119)))
    done(store.notes.record_coverage(BTC_1M, minute(240), minute(MINUTES + 4)))
    store.close()
    told = Told(tmp_path, capsys)
    assert (told.code, told.differences) == (1, {"missing": 5})
    assert told.first("missing")["open_time"] == minute(MINUTES)


def test_only_the_first_twenty_of_a_kind_are_told_and_all_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(tmp_path)
    tampered(tmp_path, f"UPDATE indicators SET range = -1 WHERE interval = '1m' AND open_time > {minute(99)}")
    told = Told(tmp_path, capsys)
    assert told.differences == {"enriched": MINUTES - 100}
    assert [each["open_time"] for each in told.examples] == [minute(place) for place in range(100, 120)]


def test_people_get_a_table_and_the_differences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path, absent=range(100, 180), gaps=(gap(range(100, 179)),))
    assert verify(data=tmp_path, file=None, as_json=False, interrupted=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"market.majors in {tmp_path} (simulated)"
    assert lines[2].split() == ["BTCUSDC/1m", "281", "280", "exchange_outage", "79", "missing", "1"]
    assert lines[3].split() == ["BTCUSDC/1h", "6", "6", "-", "-"]
    assert lines[4] == "1 absent without a reason:"
    assert lines[5].endswith(":59:00.000Z: 1 absent, and nothing says why")
    assert lines[-1] == "286 candles of 2 series verified: 1 difference"


def test_times_beyond_the_calendar_do_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    tampered(tmp_path, f"UPDATE candle SET open_time = open_time + {10**17} WHERE open_time = {minute(359)}")
    assert verify(data=tmp_path, file=None, as_json=False, interrupted=False) == 1
    assert str(minute(359) + 10**17) in capsys.readouterr().out
