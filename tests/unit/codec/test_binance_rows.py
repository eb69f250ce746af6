import csv
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cryptostream.core.codec.binance import csv_row, is_header, kline_page, kline_row
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.series import Series
from tests.unit.codec.examples import CANDLE, CLOSE, LINE, OPEN, ROW, SERIES, err, ok

REST = replace(CANDLE, source="rest", first_trade_id=None, last_trade_id=None, exchange_time=CLOSE + 5)


def row(**changes: Any) -> list[Any]:
    places = {"open_time": 0, "open": 1, "low": 3, "volume": 5, "close_time": 6, "quote_volume": 7, "trades": 8}
    changed = list(ROW)
    for name, value in changes.items():
        changed[places[name]] = value
    return changed


def test_a_row_of_twelve_keeps_the_exact_strings() -> None:
    assert ok(kline_row(ROW, series=SERIES, exchange_time=CLOSE + 5)) == REST


def test_microseconds_are_told_by_magnitude() -> None:
    micros = row(open_time=OPEN * 1000, close_time=CLOSE * 1000 + 999)
    assert ok(kline_row(micros, series=SERIES, exchange_time=CLOSE + 5)) == REST


def test_columns_that_may_come_are_passed_over() -> None:
    assert ok(kline_row([*ROW, "new", {}], series=SERIES, exchange_time=CLOSE + 5)) == REST


@pytest.mark.parametrize("short", [ROW[:7], [*ROW[:7], None, None, None, None, "0"]])
def test_what_a_recording_lacks_is_none_and_not_zero(short: list[Any]) -> None:
    candle = ok(kline_row(short, series=SERIES, exchange_time=CLOSE + 5, source="archive"))
    assert candle == replace(
        REST, quote_volume=None, trades=None, taker_buy_volume=None, taker_buy_quote_volume=None, source="archive"
    )


def test_the_epoch_is_a_time() -> None:
    assert ok(kline_row(row(open_time=0, close_time=0), series=SERIES, exchange_time=0)).open_time == 0


def test_an_early_close_is_data_and_not_part_of_the_key() -> None:
    candle = ok(kline_row(row(close_time=OPEN), series=SERIES, exchange_time=CLOSE + 5))
    assert (candle.open_time, candle.close_time) == (OPEN, OPEN)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (ROW[:6], "at least length 7"),
        ([], "at least length 7"),
        ({"code": -1121, "msg": "Invalid symbol."}, "got `object`"),
        (None, "got `null`"),
        ("a row", "got `str`"),
        (row(open_time=str(OPEN)), "$[0]"),
        (row(open_time=None), "$[0]"),
        (row(open_time=True), "$[0]"),
        (row(open_time=-1), "$[0]"),
        (row(open_time=1e12), "$[0]"),
        (row(open_time=10**17), "$[0]"),
        (row(close_time=10**40), "$[6]"),
        (row(open=112890.01), "$[1]"),
        (row(low=None), "$[3]"),
        (row(quote_volume=139298.12), "$[7]"),
        (row(trades="412"), "$[8]"),
        (row(trades=2**63), "$[8]"),
    ],
)
def test_a_row_of_another_shape_is_malformed_and_says_where(bad: object, said: str) -> None:
    rejected = err(kline_row(bad, series=SERIES, exchange_time=0))
    assert rejected.reason == "malformed"
    assert said in rejected.detail
    assert "BTCUSDC/1m" in rejected.detail


@pytest.mark.parametrize("text", ["", "abc", "nan", "1,5", "0x1"])
def test_a_string_that_is_no_number_is_named(text: str) -> None:
    for name in ("open", "volume", "quote_volume"):
        rejected = err(kline_row(row(**{name: text}), series=SERIES, exchange_time=0))
        assert rejected.reason == "bad_number"
        assert f"{name} is" in rejected.detail


def minute(number: int) -> list[Any]:
    opens = OPEN + number * 60_000
    return row(open_time=opens, close_time=opens + 59_999)


def test_a_page_ascends_without_repeats_and_leaves_out_the_candle_in_progress() -> None:
    rows = [minute(2), minute(0), minute(3), [*minute(1)[:4], "1.0", *minute(1)[5:]], minute(1), minute(4)]
    clock = OPEN + 3 * 60_000 + 5
    page = ok(kline_page(rows, series=SERIES, exchange_time=clock))
    assert [candle.open_time for candle in page.closed] == [OPEN, OPEN + 60_000, OPEN + 120_000]
    assert page.closed[1].close == "112888.88"  # of repeats the last row stands
    assert page.in_progress == OPEN + 180_000
    assert page.exchange_time == clock == page.closed[0].exchange_time
    assert page.rejected == ()


@pytest.mark.parametrize(("after", "closed"), [(-1, False), (0, False), (1, True)])
def test_a_candle_is_closed_once_its_scheduled_close_is_past(after: int, closed: bool) -> None:
    cut_short = row(close_time=OPEN + 10)  # the exchange stopped in it
    page = ok(kline_page([cut_short], series=SERIES, exchange_time=CLOSE + after))
    assert (len(page.closed), page.in_progress) == ((1, None) if closed else (0, OPEN))


def test_one_bad_row_does_not_cost_the_page() -> None:
    page = ok(kline_page([minute(0), ["?"], minute(1), row(open="x")], series=SERIES, exchange_time=2 * OPEN))
    assert len(page.closed) == 2
    assert page.rejected == (("malformed", "['?']"), ("bad_number", repr(row(open="x"))))


def test_an_empty_answer_is_a_page() -> None:
    page = ok(kline_page([], series=SERIES, exchange_time=OPEN))
    assert (page.closed, page.in_progress, page.rejected) == ((), None, ())


@pytest.mark.parametrize("answer", [{"code": -1121, "msg": "Invalid symbol."}, None, "<html>", 7])
def test_an_answer_that_is_no_list_is_malformed(answer: object) -> None:
    rejected = err(kline_page(answer, series=SERIES, exchange_time=OPEN))
    assert rejected.reason == "malformed"
    assert "a list of rows is due" in rejected.detail


def test_a_line_of_an_archive() -> None:
    archived = replace(REST, source="archive", exchange_time=CLOSE + 1)
    assert ok(csv_row(LINE, series=SERIES)) == archived
    assert ok(csv_row([f" {field} " for field in LINE], series=SERIES)) == archived
    short = ok(csv_row(LINE[:7], series=SERIES))
    assert short == replace(
        archived, quote_volume=None, trades=None, taker_buy_volume=None, taker_buy_quote_volume=None
    )
    assert ok(csv_row([*LINE[:7], "", "", "", "", "0"], series=SERIES)) == short


def test_lines_of_2025_are_in_microseconds_and_count_as_closed_when_scheduled() -> None:
    line = "1735689600000000,93576.00000000,93610.93000000,93537.50000000,93610.93000000,8.21827000,1735689630000999"
    candle = ok(csv_row(line.split(","), series=SERIES))
    assert (candle.open_time, candle.close_time) == (1735689600000, 1735689630000)
    assert candle.exchange_time == 1735689660000


@pytest.mark.parametrize("line", ["", "1,2", "x" + ",1" * 11, "1" * 40 + ",1" * 11, "1,1,1,1,1,1,1,1,many,1,1,0"])
def test_a_line_of_another_shape_is_malformed(line: str) -> None:
    assert err(csv_row(line.split(","), series=SERIES)).reason == "malformed"


def test_a_header_is_told_from_a_candle() -> None:
    assert is_header(["open_time", "open", "high", "low", "close", "volume", "close_time"])
    assert is_header(["\ufeffOpen time", "Open"])
    assert is_header(["open_time", "24h high"])
    assert not is_header(LINE)
    assert not is_header(["-1", "open"])
    assert not is_header([])


@pytest.mark.parametrize("interval", ["1m", "1d"])
def test_recorded_answers_of_the_exchange(shared_data: Path, interval: str) -> None:
    rows = json.loads((shared_data / "rest" / f"BTCUSDT_{interval}.json").read_text())
    series = Series("BTCUSDT", interval)
    page = ok(kline_page(rows, series=series, exchange_time=2 * OPEN))
    assert len(page.closed) == len(rows) == 1000
    assert page.rejected == ()
    for candle, raw in zip(page.closed, rows, strict=True):
        assert [candle.open_time, candle.open, candle.high, candle.low, candle.close, candle.volume] == raw[:6]
        assert [candle.close_time, candle.quote_volume, candle.trades] == raw[6:9]
        assert [candle.taker_buy_volume, candle.taker_buy_quote_volume] == raw[9:11]
    last = rows[-1]
    running = ok(kline_page(rows, series=series, exchange_time=last[6]))
    assert (len(running.closed), running.in_progress) == (999, last[0])


def test_recorded_lines_of_the_archive(shared_data: Path) -> None:
    for file in sorted((shared_data / "archive_excerpts").glob("*.csv")):
        symbol, interval = file.name.split("-")[:2]
        series, grid = Series(symbol, interval), INTERVALS[interval]
        lines = list(csv.reader(file.read_text().splitlines()))
        assert not is_header(lines[0])
        for line in lines:
            candle = ok(csv_row(line, series=series))
            assert grid.is_open_time(candle.open_time)
            assert candle.close_time == grid.close_time(candle.open_time) == candle.exchange_time - 1
            assert [candle.open, candle.volume, candle.trades] == [line[1], line[5], int(line[8])]


def test_every_recorded_kline_is_read(shared_data: Path) -> None:
    files = sorted((shared_data / "klines").glob("*.csv"))
    assert len(files) == 10
    for file in files:
        symbol, interval = file.name.split("_")[1].split("-")[:2]
        header, *lines = csv.reader(file.read_text().splitlines())
        assert is_header(header)
        candles = [ok(csv_row(line, series=Series(symbol, interval))) for line in lines]
        assert [[candle.open, candle.high, candle.low, candle.close] for candle in candles] == [x[1:5] for x in lines]
        assert all((candle.trades is None) == ("ohlcv" in file.name) for candle in candles)


def test_the_hour_that_the_exchange_cut_short(shared_data: Path) -> None:
    text = (shared_data / "klines" / "spot_BTCUSDT-1h-2023-01_2023-05_with_outage.csv").read_text()
    (line,) = (line for line in csv.reader(text.splitlines()) if line[0] == "1679659200000")  # 2023-03-24T12:00
    candle = ok(csv_row(line, series=Series("BTCUSDT", "1h")))
    assert candle.close_time == 1679661581646
    assert candle.exchange_time == 1679662800000
