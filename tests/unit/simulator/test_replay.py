"""Recorded candles: which files, which rows, and how they are served."""

from pathlib import Path

import pytest

from cryptostream.core.result import Err, Ok
from cryptostream.simulator.events import Events, Restatement, Stop
from cryptostream.simulator.grid import HOUR, MINUTE
from cryptostream.simulator.market import Line, View
from cryptostream.simulator.recording import Recording, recordings
from cryptostream.simulator.replay import ReplayMarket, spans

START = 1_735_689_600_000
LINE = Line("BTCUSDT", "1m")


def line(index: int, scale: int = 1, columns: int = 12) -> str:
    opened = START + index * MINUTE
    cells = [opened * scale, "1.5", "2", "1", "1.25", "10.5", (opened + MINUTE) * scale - 1, "15", 3, "4.25", "5", 0]
    return ",".join(str(cell) for cell in cells[:columns])


def write(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join(lines) + "\n")


def load(path: Path) -> tuple[Recording, ...]:
    read = recordings(path)
    assert isinstance(read, Ok)
    return read.value


@pytest.mark.parametrize(
    ("name", "symbol", "interval"),
    [
        ("BTCUSDT-1m.csv", "BTCUSDT", "1m"),
        ("BTCUSDT-1m-2025-01-01.csv", "BTCUSDT", "1m"),
        ("BTCUSDT-1mo-2025-01.csv", "BTCUSDT", "1M"),
        ("BTCUSDT-1M.csv", "BTCUSDT", "1M"),
        ("spot_BTCUSDT-15m-rest1000_2024-09.csv", "BTCUSDT", "15m"),
        ("derived_XRPETH-1s-2019-10-11T00-06h_from_trades_zero_filled.csv", "XRPETH", "1s"),
        ("1INCHUSDT-1h-x-1m.csv", "1INCHUSDT", "1h"),
    ],
)
def test_names_of_recordings(tmp_path: Path, name: str, symbol: str, interval: str) -> None:
    write(tmp_path, name, line(0))
    write(tmp_path, "README-1m.csv.md", "passed over")
    write(tmp_path, "notes.csv", "passed over")
    (one,) = load(tmp_path)
    assert (one.symbol, one.interval) == (symbol, interval)
    assert load(tmp_path / name) == (one,)


def test_a_header_microseconds_and_missing_columns(tmp_path: Path) -> None:
    write(tmp_path, "A_BTCUSDT-1m-a.csv", "open_time,open,high,low,close,volume,close_time", line(0, columns=7))
    write(tmp_path, "B_BTCUSDT-1m-b.csv", line(1, scale=1000))
    short, full = (one.rows[0] for one in load(tmp_path))
    assert (short.open, short.volume, short.quote_volume, short.trades) == ("1.50000000", "10.50000000", None, None)
    assert (full.open_time, full.close_time) == (START + MINUTE, START + 2 * MINUTE - 1)
    assert (full.quote_volume, full.trades, full.taker_buy_volume) == ("15.00000000", 3, "4.25000000")


def test_every_bad_row_is_told_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, "BTCUSDT-1m.csv", line(0), "1,2,3", line(1).replace("1.25", "x"), line(2).replace("10.5", "-1"))
    read = recordings(tmp_path)
    assert isinstance(read, Err)
    assert [fault.split("BTCUSDT-1m.csv")[1].split(":")[1] for fault in read.error] == ["2", "3", "4"]


@pytest.mark.parametrize("name", ["", "notes.csv", "absent-1m.csv", "BTCUSDT-7m.csv"])
def test_nothing_to_replay_is_told(tmp_path: Path, name: str) -> None:
    write(tmp_path, "notes.csv", "a")
    read = recordings(tmp_path / name)
    assert isinstance(read, Err)
    assert "SYMBOL-INTERVAL" in read.error[0]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    read = recordings(tmp_path / "BTCUSDT-1m.csv")
    assert isinstance(read, Err)
    assert "cannot be read" in read.error[0]


def market(tmp_path: Path, *indices: int) -> ReplayMarket:
    write(tmp_path, "BTCUSDT-1m.csv", *(line(index) for index in indices))
    return ReplayMarket(load(tmp_path))


def test_rows_appear_when_they_are_over(tmp_path: Path) -> None:
    recorded = market(tmp_path, 0, 1, 2)
    seen = [len(recorded.rows(LINE, None, None, 500, View(START + ms))) for ms in (0, MINUTE - 1, MINUTE, 9 * MINUTE)]
    assert seen == [0, 0, 1, 3]
    assert recorded.running(LINE, View(START + MINUTE)) is None


def test_rows_are_chosen_like_those_of_the_exchange(tmp_path: Path) -> None:
    recorded, view = market(tmp_path, 0, 1, 5, 6, 7), View(START + HOUR)

    def opens(start: int | None, end: int | None, limit: int) -> list[int]:
        return [(row.open_time - START) // MINUTE for row in recorded.rows(LINE, start, end, limit, view)]

    assert opens(None, None, 2) == [6, 7]
    assert opens(START + MINUTE, None, 2) == [1, 5]
    assert opens(None, START + 6 * MINUTE, 2) == [5, 6]
    assert opens(START, START + 5 * MINUTE, 9) == [0, 1, 5]
    assert recorded.rows(Line("BTCUSDT", "1h"), None, None, 5, view) == []


def test_closing_updates_come_at_the_scheduled_end(tmp_path: Path) -> None:
    recorded = market(tmp_path, 0, 1, 5)
    ended = recorded.closed(LINE, START + MINUTE, START + HOUR, 10, View(START + HOUR))
    assert [end for end, _ in ended] == [START + 2 * MINUTE, START + 6 * MINUTE]
    assert len(recorded.closed(LINE, START, START + HOUR, 1, View(START + HOUR))) == 1


def test_outages_and_restatements_touch_recorded_rows(tmp_path: Path) -> None:
    recorded = market(tmp_path, 0, 1, 2)
    events = Events(
        (Stop(START + 90_000, START + 3 * MINUTE),), (Restatement(START, START + MINUTE), Restatement(0, 1))
    )
    first, cut = recorded.rows(LINE, START, None, 9, View(START + HOUR, events))
    assert (first.volume, first.close, first.quote_volume) == ("21.00000000", "1.25000000", "30.00000000")
    assert (cut.close_time, cut.volume) == (START + 90_000 - 1, "10.50000000")


def test_several_files_of_a_series_are_one_and_time_jumps_between(tmp_path: Path) -> None:
    write(tmp_path, "x_BTCUSDT-1m-a.csv", line(0), line(1))
    write(tmp_path, "x_BTCUSDT-1m-b.csv", line(1), line(2))
    write(tmp_path, "x_BTCUSDT-1m-c.csv", line(100), line(105))
    read = load(tmp_path)
    assert spans(read) == (
        (START, START + 3 * MINUTE),
        (START + 100 * MINUTE, START + 106 * MINUTE),
    )
    assert len(ReplayMarket(read).rows(LINE, 0, None, 99, View(START + 24 * HOUR))) == 5


def test_the_recorded_outage_of_2023(shared_data: Path) -> None:
    recorded = ReplayMarket(load(shared_data / "klines"))
    noon = 1_679_659_200_000
    view = View(noon + 3 * HOUR)
    minutes = recorded.rows(LINE, noon - HOUR, noon + 2 * HOUR - 1, 1000, view)
    assert len(minutes) == 3 * 60 - 80
    hours = recorded.rows(Line("BTCUSDT", "1h"), noon, noon + 2 * HOUR, 10, view)
    assert [(row.open_time - noon) // HOUR for row in hours] == [0, 2]
    assert hours[0].close_time == 1_679_661_581_646
    assert [one.name for one in recorded.symbols] == ["ALGOBTC", "BTCUSDT", "ETHUSDT", "XRPETH", "XRPUSDT"]
    assert {one.quote for one in recorded.symbols} == {"BTC", "USDT", "ETH"}
