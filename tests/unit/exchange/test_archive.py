from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.interval import DAY, HOUR, INTERVALS, MINUTE
from cryptostream.core.market.series import Series, Symbol
from cryptostream.core.ports import KlinePage
from cryptostream.core.result import Err, Ok
from cryptostream.exchange.archive import Recording

BTC = Series("BTCUSDT", "1m")
SYMBOLS = {"BTCUSDT": Symbol("BTCUSDT", "BTC", "USDT")}
START = 1_761_711_720_000
HEADER = "open_time,open,high,low,close,volume,close_time\n"


def line(minute: int, close: str = "2", scale: int = 1) -> str:
    opened = (START + minute * MINUTE) * scale
    return f"{opened},1,3,0.5,{close},10,{opened + MINUTE * scale - 1}\n"


def write(path: Path, minutes: Iterable[int], close: str = "2") -> None:
    path.write_text("".join(line(minute, close) for minute in minutes))


def opened(path: Path, intervals: Iterable[str] = ("1m",), symbols: Iterable[str] = SYMBOLS) -> Recording:
    recording = Recording.open(path, {name: Symbol(name, name[:-4], name[-4:]) for name in symbols}, intervals)
    assert isinstance(recording, Ok), recording
    return recording.value


def page_of(recording: Recording, series: Series = BTC, start: int = 0, limit: int = 1000) -> KlinePage:
    page = recording.klines(series, start, limit)
    assert isinstance(page, Ok), page
    return page.value


def minutes_of(page: KlinePage) -> list[int]:
    return [(candle.open_time - START) // MINUTE for candle in page.closed]


@pytest.mark.parametrize(
    "name",
    [
        "BTCUSDT-1m.csv",
        "BTCUSDT-1m-2025-10-29.csv",
        "spot_BTCUSDT-1m-2025-10-29_2025-11-01.csv",
        "my_own_BTCUSDT-1m-x.csv",
        "BTCUSDT-1m-2025-01-01.first1.csv",
    ],
)
def test_names_of_files(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, range(3))
    assert minutes_of(page_of(opened(tmp_path))) == [0, 1, 2]


@pytest.mark.parametrize("name", ["BTCUSDT-1mo-2025-10.csv", "BTCUSDT-1M-2025-10.csv"])
def test_the_month_has_two_names(tmp_path: Path, name: str) -> None:
    october, november = 1_759_276_800_000, 1_761_955_200_000
    (tmp_path / name).write_text(f"{october},1,3,0.5,2,10,{november - 1}\n")
    month = Series("BTCUSDT", "1M")
    recording = opened(tmp_path, ["1M"])
    assert recording.ranges(month) == ((october, october),)
    assert page_of(recording, month).closed[0].open_time == october


@pytest.mark.parametrize("name", ["notes.csv", "BTCUSDT.csv", "BTCUSDT-1m.txt", "BTCUSDT-7m.csv", "btcusdt-1m.csv"])
def test_other_files_are_ignored(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("nothing of this is read")
    (tmp_path / "sub-1m.csv").mkdir()
    write(tmp_path / "BTCUSDT-1m-a.csv", [7])
    assert minutes_of(page_of(opened(tmp_path))) == [7]


@pytest.mark.parametrize(
    "text",
    [
        HEADER + line(0) + line(1),
        line(0) + line(1),
        "\ufeff" + HEADER + line(0) + line(1),
        line(0, scale=1000) + line(1, scale=1000),
        line(0) + line(1, scale=1000),
        (line(0) + line(1)).replace("\n", "\r\n"),
        "\n" + line(0) + "\n" + line(1).rstrip("\n"),
        line(0).rstrip("\n") + ",20,5,4,8,0\n" + line(1),
    ],
    ids=["header", "plain", "bom", "micros", "mixed units", "crlf", "empty lines", "12 and 7 columns"],
)
def test_spellings_of_a_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "BTCUSDT-1m.csv").write_bytes(text.encode())
    page = page_of(opened(tmp_path))
    assert minutes_of(page) == [0, 1]
    assert [candle.close_time for candle in page.closed] == [START + MINUTE - 1, START + 2 * MINUTE - 1]
    assert page.rejected == ()


def test_what_a_file_does_not_state_is_none(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m.csv", [0])
    candle = page_of(opened(tmp_path)).closed[0]
    assert (candle.trades, candle.quote_volume, candle.first_trade_id) == (None, None, None)
    assert (candle.source, candle.exchange_time) == ("archive", START + MINUTE)


def test_several_files_are_a_union_of_ranges(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m-a.csv", range(10))
    write(tmp_path / "BTCUSDT-1m-b.csv", range(10, 20))  # touches
    write(tmp_path / "BTCUSDT-1m-c.csv", range(15, 25))  # overlaps
    write(tmp_path / "BTCUSDT-1m-d.csv", range(100, 110))
    recording = opened(tmp_path)
    at = [START + minute * MINUTE for minute in (0, 24, 100, 109)]
    assert recording.ranges(BTC) == ((at[0], at[1]), (at[2], at[3]))
    assert minutes_of(page_of(recording)) == [*range(25), *range(100, 110)]
    assert recording.end_time() == START + 110 * MINUTE + DAY


def test_the_later_file_wins_and_in_a_file_the_later_row(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m-b.csv", [1, 2], close="2.5")
    write(tmp_path / "BTCUSDT-1m-a.csv", [0, 1], close="1.5")
    (tmp_path / "BTCUSDT-1m-c.csv").write_text(line(3, "0.6") + line(3, "0.7"))
    assert [candle.close for candle in page_of(opened(tmp_path)).closed] == ["1.5", "2.5", "2.5", "0.7"]


def test_rows_need_not_be_in_order(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m.csv", [4, 1, 3])
    recording = opened(tmp_path)
    assert minutes_of(page_of(recording)) == [1, 3, 4]
    assert recording.ranges(BTC) == ((START + MINUTE, START + 4 * MINUTE),)


def test_a_file_counts_alone(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m-a.csv", [0])
    write(tmp_path / "BTCUSDT-1m-b.csv", [1])
    assert minutes_of(page_of(opened(tmp_path / "BTCUSDT-1m-b.csv"))) == [1]


@pytest.mark.parametrize(
    "bad", ["garbage", "x,1,3,0.5,2,10,1", "-5,1,3,0.5,2,10,1", f"{10**18},1,3,0.5,2,10,1", "\x00"]
)
def test_lines_without_an_open_time_are_told(tmp_path: Path, bad: str) -> None:
    (tmp_path / "BTCUSDT-1m.csv").write_text(line(0) + bad + "\n" + line(1) + line(2))
    recording = opened(tmp_path)
    assert page_of(recording, limit=1).rejected == (("malformed", bad),)
    assert page_of(recording, start=START + MINUTE).rejected == ()
    assert minutes_of(page_of(recording)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("reason", "bad"), [("malformed", f"{START},1,3"), ("bad_number", f"{START},1,3,NaN,2,10,{START}")]
)
def test_rows_that_are_no_candle_are_told(tmp_path: Path, reason: str, bad: str) -> None:
    (tmp_path / "BTCUSDT-1m.csv").write_text(bad + "\n" + line(1))
    page = page_of(opened(tmp_path))
    assert page.rejected == ((reason, bad),)
    assert minutes_of(page) == [1]


def test_a_series_without_a_file_is_named_with_what_there_is(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m.csv", [0])
    faults = Recording.open(tmp_path, SYMBOLS | {"ETHUSDT": Symbol("ETHUSDT", "ETH", "USDT")}, ["1m", "1h"])
    assert isinstance(faults, Err)
    told = [str(fault) for fault in faults.error]
    assert [next(name for name in ("BTCUSDT-1h", "ETHUSDT-1m", "ETHUSDT-1h") if name in text) for text in told] == [
        "BTCUSDT-1h",
        "ETHUSDT-1m",
        "ETHUSDT-1h",
    ]
    assert all("choose from BTCUSDT-1m" in text for text in told)


@pytest.mark.parametrize("text", ["", HEADER, "garbage\n"])
def test_a_file_without_a_candle_is_a_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "BTCUSDT-1m.csv").write_text(text)
    faults = Recording.open(tmp_path, SYMBOLS, ["1m"])
    assert isinstance(faults, Err)
    assert "holds no candle" in faults.error[0].message


def test_what_does_not_exist_is_a_fault(tmp_path: Path) -> None:
    faults = Recording.open(tmp_path / "nowhere", SYMBOLS, ["1m"])
    assert isinstance(faults, Err)
    assert "does not exist" in faults.error[0].message


def test_a_file_that_has_gone_is_unavailable(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m.csv", [0])
    recording = opened(tmp_path)
    (tmp_path / "BTCUSDT-1m.csv").unlink()
    answer = recording.klines(BTC, 0, 10)
    assert isinstance(answer, Err)
    assert answer.error.fault == "unavailable"


@given(
    files=st.lists(st.lists(st.integers(0, 300), min_size=1, max_size=20), min_size=1, max_size=4),
    start=st.integers(0, 310),
)
def test_whatever_the_files_each_open_time_comes_once(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[int]], start: int
) -> None:
    folder = tmp_path_factory.mktemp("recording")
    for number, minutes in enumerate(files):
        write(folder / f"BTCUSDT-1m-{number}.csv", minutes)
    recording = opened(folder)
    held = sorted({minute for minutes in files for minute in minutes})
    assert minutes_of(page_of(recording, start=START + start * MINUTE)) == [each for each in held if each >= start]
    ranges = recording.ranges(BTC)
    assert all(any(first <= START + minute * MINUTE <= last for first, last in ranges) for minute in held)
    assert all(before[1] + MINUTE < after[0] for before, after in pairwise(ranges))


def test_recorded_outage_is_absent_and_the_flat_candles_before_it_are_there(shared_data: Path) -> None:
    recording = opened(shared_data / "klines", ["1m", "1h"], ["BTCUSDT"])
    stop = 1_679_661_600_000  # 2023-03-24T12:40
    before = page_of(recording, start=stop - 72 * MINUTE, limit=73).closed
    assert [candle.open_time for candle in before[:72]] == [stop - n * MINUTE for n in range(72, 0, -1)]
    assert {float(candle.volume) for candle in before[:72]} == {0.0}
    assert before[72].open_time == stop + 80 * MINUTE
    hour = page_of(recording, Series("BTCUSDT", "1h"), stop - 40 * MINUTE, 2).closed
    assert [candle.open_time for candle in hour] == [stop - 40 * MINUTE, stop - 40 * MINUTE + 2 * HOUR]
    assert hour[0].close_time == 1_679_661_581_646
    assert len(recording.ranges(BTC)) == 2
    assert INTERVALS["1m"].count(*recording.ranges(BTC)[0]) + 1 == 4240 + 80
