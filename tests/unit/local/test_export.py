"""Exported files read back with another reader: all columns, in order, bit for bit."""

import csv
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cryptostream.core.ports import DirtyRange, StoreBatch
from cryptostream.local.export import ExportOptions, export
from cryptostream.store.duckdb_store import DuckDbStore
from tests.support.stored import candle, done
from tests.support.stored_stream import BTC_1H, BTC_1M, FIELDS, MINUTES, filled, minute, opened, tampered

Row = dict[str, Any]
FAR = 2**62


def exported(directory: Path, name: str = "out.parquet", **options: Any) -> list[Row]:
    file = directory / name
    assert export(ExportOptions(to=file, data=directory, **options)) == 0
    if file.suffix == ".csv":
        with file.open(newline="") as text:
            return list(csv.DictReader(text))
    with duckdb.connect() as connection:
        answer = connection.execute("SELECT * FROM read_parquet(?)", [str(file)])
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def places(rows: list[Row]) -> list[tuple[str, int]]:
    return [(row["interval"], int(row["open_time"])) for row in rows]


def refusal(capsys: pytest.CaptureFixture[str], options: ExportOptions) -> str:
    assert export(options) == 2
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def test_raw_rows_have_every_column_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    rows = exported(tmp_path)
    assert capsys.readouterr().out == f"366 raw simulated rows of market.majors in {tmp_path / 'out.parquet'}\n"
    minutes = [("1m", minute(place)) for place in range(MINUTES)]
    assert places(rows) == minutes + [("1h", minute(place)) for place in range(0, MINUTES, 60)]
    store = done(DuckDbStore.read(tmp_path))
    table = done(store.raw(BTC_1M, 0, FAR))
    store.close()
    for name in ("open", "high", "low", "close", "volume", "quote_volume", "trades", "close_time", "revision"):
        assert [row[name] for row in rows[:MINUTES]] == getattr(table, name).tolist()
    assert rows[7]["first_trade_id"] is None
    assert {(row["coin"], row["lane"], row["simulated"]) for row in rows} == {("BTC", "live", True)}


def test_rows_say_when_they_became_known(tmp_path: Path) -> None:
    filled(tmp_path)
    store = opened(tmp_path)
    later = (minute(5) + 7_200_000) * 1000
    restated = candle(BTC_1M, minute(5), revision=1, published_at=later, close="101.5", lane="repair")
    done(store.write(StoreBatch(raw=(restated,))))
    store.close()
    rows = exported(tmp_path)
    assert [(row["revision"], row["published_at"], row["lane"]) for row in rows[4:6]] == [
        (0, (minute(4) + 60_012) * 1000, "live"),
        (1, later, "repair"),
    ]


def test_enriched_rows_stand_beside_their_candles(tmp_path: Path) -> None:
    filled(tmp_path)
    rows = exported(tmp_path, what="enriched")
    store = done(DuckDbStore.read(tmp_path))
    table = done(store.enriched(BTC_1M, 0, FAR))
    raw = done(store.raw(BTC_1M, 0, FAR))
    store.close()
    assert len(rows) == MINUTES + MINUTES // 60
    minutes = rows[:MINUTES]
    for name in FIELDS:
        stored = [None if value != value else value for value in table.values[name].tolist()]  # noqa: PLR0124 - NaN
        assert [row[name] for row in minutes] == stored
    assert [row["close"] for row in minutes] == raw.close.tolist()
    assert [row["warm"] for row in minutes] == table.warm.tolist()
    assert minutes[9]["published_at"] == (minute(9) + 60_012) * 1000


def test_rows_that_were_not_computed_again_yet_are_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(tmp_path)
    store = opened(tmp_path)
    dirty = (DirtyRange(BTC_1M, minute(5), minute(5)),)
    done(store.write(StoreBatch(raw=(candle(BTC_1M, minute(5), revision=1),), add_dirty=dirty)))
    store.close()
    rows = exported(tmp_path, what="enriched")
    assert minute(5) not in [row["open_time"] for row in rows]
    assert "still to be computed again" in capsys.readouterr().err


def test_csv_has_a_header_and_decimals_that_read_back_as_the_same_floats(tmp_path: Path) -> None:
    filled(tmp_path)
    tampered(
        tmp_path, f"UPDATE candle SET volume = 0.1 + 0.2::DOUBLE, close = 1/3::DOUBLE WHERE open_time = {minute(1)}"
    )
    rows, same = exported(tmp_path, "out.csv"), exported(tmp_path)
    assert list(rows[0]) == list(same[0])
    for name in ("open", "close", "volume"):
        assert [float(row[name]) for row in rows] == [row[name] for row in same]
    assert [row["first_trade_id"] for row in rows[7:8]] == [""]


def test_the_same_data_makes_the_same_file(tmp_path: Path) -> None:
    filled(tmp_path)
    for name in ("a.csv", "b.csv", "a.parquet", "b.parquet"):
        exported(tmp_path, name)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (str(minute(10)), str(minute(12))),
        (str(minute(10) * 1000), str(minute(12) * 1000)),
        ("2023-11-14T22:10", "2023-11-14T22:12:00Z"),
        ("2023-11-14T23:10+01:00", "2023-11-14T22:12:00.000Z"),
    ],
    ids=["milliseconds", "microseconds", "without a zone", "another zone"],
)
def test_a_range_takes_its_start_and_leaves_its_end(tmp_path: Path, since: str, until: str) -> None:
    filled(tmp_path)
    assert places(exported(tmp_path, since=since, until=until)) == [("1m", minute(10)), ("1m", minute(11))]


def test_series_can_be_chosen(tmp_path: Path) -> None:
    filled(tmp_path)
    rows = exported(tmp_path, symbols=("BTCUSDC",), intervals=("1h",))
    assert places(rows) == [("1h", minute(place)) for place in range(0, MINUTES, 60)]


def test_an_empty_range_is_a_file_without_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    assert exported(tmp_path, until="2001-01-01") == []
    assert capsys.readouterr().out.startswith("0 raw simulated rows")


@pytest.mark.parametrize("name", ["it's.csv", "a;b -- c.parquet", "$file.csv", "äöü {x}.csv"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    filled(tmp_path)
    before = set(tmp_path.iterdir())
    assert len(exported(tmp_path, name)) == MINUTES + MINUTES // 60
    assert set(tmp_path.iterdir()) - before == {tmp_path / name}


def test_bad_input_is_refused_with_every_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    options = ExportOptions(
        to=tmp_path / "out.csv",
        data=tmp_path,
        since="yesterday",
        until="2025-13-01",
        symbols=("BTCUSDC", "DOGEUSDC", "' OR 1=1 --"),
        intervals=("2m",),
    )
    assert refusal(capsys, options).splitlines() == [
        "--symbol: nothing is stored of DOGEUSDC, ' OR 1=1 --: use BTCUSDC",
        "--interval: nothing is stored of 2m: use 1m, 1h",
        "--from: yesterday is no time: write it as 2025-10-29T12:00Z, or in ms since 1970",
        "--until: 2025-13-01 is no time: write it as 2025-10-29T12:00Z, or in ms since 1970",
    ]
    assert not options.to.exists()


@pytest.mark.parametrize("name", ["out", "out.json", "out.csv.gz", ".csv"])
def test_an_unknown_ending_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    told = refusal(capsys, ExportOptions(to=tmp_path / name, data=tmp_path))
    assert told == f"--to: {name} must end in .parquet or .csv\n"


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = refusal(capsys, ExportOptions(to=tmp_path / "no" / "out.csv", data=tmp_path))
    assert told == f"--to: {tmp_path / 'no'} is no directory: make it first\n"


def test_a_running_stream_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = opened(tmp_path)
    told = refusal(capsys, ExportOptions(to=tmp_path / "out.csv", data=tmp_path))
    store.close()
    assert "stop the run first" in told


def test_a_file_that_cannot_be_written_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path / "data")
    file = tmp_path / "out.csv"
    file.mkdir()
    assert export(ExportOptions(to=file, data=tmp_path / "data")) == 1
    assert f"--to: {file} cannot be written: Is a directory" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == [tmp_path / "data", file]


def test_hours_are_exported_as_well(tmp_path: Path) -> None:
    filled(tmp_path)
    hours = exported(tmp_path, intervals=(BTC_1H.interval,), what="enriched")
    assert len(hours) == MINUTES // 60
    assert {row["hourly"] for row in hours} == {None}


@pytest.mark.parametrize("page", [1, 50, 360])
def test_rows_do_not_depend_on_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    filled(tmp_path, absent=range(100, 180))
    whole = exported(tmp_path, what="enriched")
    monkeypatch.setattr("cryptostream.store.copying.PAGE", page)
    assert exported(tmp_path, what="enriched") == whole
    bounds = {"since": str(minute(90)), "until": str(minute(200))}
    inside = [row for row in whole if minute(90) <= row["open_time"] < minute(200)]
    assert exported(tmp_path, what="enriched", **bounds) == inside
