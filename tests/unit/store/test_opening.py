"""Whose data a directory holds, and who may open it."""

import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from cryptostream.core.ports import StoreBatch
from cryptostream.core.result import Err
from cryptostream.store.database import open_database
from cryptostream.store.directory import DATABASE, data_directory
from cryptostream.store.duckdb_store import DuckDbStore
from tests.contract.providers import SYMBOLS
from tests.support.stored import BTC_1M, MINUTE, T0, candles, done, rows


def opened(
    directory: Path, *, stream: str = "market.majors", simulated: bool = False, fields: tuple[str, ...] = ()
) -> DuckDbStore:
    return done(DuckDbStore.open(directory, stream=stream, symbols=SYMBOLS, simulated=simulated, fields=fields))


def refusal(directory: Path, *, stream: str = "market.majors", simulated: bool = False) -> str:
    result = DuckDbStore.open(directory, stream=stream, symbols=SYMBOLS, simulated=simulated, fields=())
    assert isinstance(result, Err)
    return result.error.detail


def test_simulated_data_has_a_directory_of_its_own() -> None:
    base = Path(".cryptostream")
    assert data_directory(base, "market.majors", simulated=False) == base / "market.majors"
    assert data_directory(base, "market.majors", simulated=True) == base / "market.majors.simulated"


def test_all_is_there_after_it_was_closed_and_opened(tmp_path: Path) -> None:
    store = opened(tmp_path / "a" / "b", fields=("sma",))
    done(store.write(StoreBatch(raw=candles(BTC_1M, [T0]), enriched=(rows(BTC_1M, [T0], {"sma": [1.5]}),))))
    done(store.notes.set_meta("resource", "{}"))
    store.close()
    again = opened(tmp_path / "a" / "b", fields=("sma",))
    assert done(again.raw(BTC_1M, 0, T0 + 1)).open_time.tolist() == [T0]
    assert done(again.enriched(BTC_1M, 0, T0 + 1)).values["sma"].tolist() == [1.5]
    assert done(again.notes.meta("resource")) == "{}"
    again.close()


@pytest.mark.parametrize(
    ("simulated", "said"), [(True, "holds simulated data, and this would be real"), (False, "holds real data")]
)
def test_real_and_simulated_data_are_never_mixed(tmp_path: Path, simulated: bool, said: str) -> None:
    opened(tmp_path, simulated=simulated).close()
    told = refusal(tmp_path, simulated=not simulated)
    assert said in told
    assert "choose another data directory" in told


def test_two_streams_are_never_mixed(tmp_path: Path) -> None:
    opened(tmp_path).close()
    told = refusal(tmp_path, stream="market.minors")
    assert "holds the stream market.majors, not market.minors" in told
    assert "a data directory of its own" in told


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    store = opened(tmp_path)
    done(store.notes.set_meta("schema", "99"))
    store.close()
    assert "has schema 99, this program knows 1: use the version that wrote it" in refusal(tmp_path)


def test_a_foreign_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / DATABASE)) as connection:
        connection.execute("CREATE TABLE theirs (a INTEGER)")
    assert "is no stored stream" in refusal(tmp_path)
    with duckdb.connect(str(tmp_path / DATABASE)) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("theirs",)]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_text("hello" * 1000)
    assert "cannot be opened" in refusal(tmp_path)


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be made: Not a directory" in refusal(tmp_path / "file" / "data")


def test_reading_makes_no_data_directory(tmp_path: Path) -> None:
    result = DuckDbStore.read(tmp_path / "nowhere")
    assert isinstance(result, Err)
    assert "holds no stored stream" in result.error.detail
    assert not (tmp_path / "nowhere").exists()


def test_a_reader_finds_stream_and_fields_in_the_file(tmp_path: Path) -> None:
    opened(tmp_path, simulated=True, fields=("sma", "bb_upper")).close()
    store = done(DuckDbStore.read(tmp_path))
    assert (store.identity.stream, store.identity.simulated) == ("market.majors", True)
    assert store.fields == ("sma", "bb_upper")
    assert isinstance(store.write(StoreBatch(raw=candles(BTC_1M, [T0]))), Err)
    store.close()


HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_another_process_holds_says_stop_the_run_first(tmp_path: Path, read_only: bool) -> None:
    opened(tmp_path).close()
    arguments = [sys.executable, "-c", HOLD, str(tmp_path / DATABASE)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        result = open_database(tmp_path, read_only=read_only)
        holder.communicate("")
    assert isinstance(result, Err)
    assert result.error.detail.endswith("is in use by another process: stop the run first")


def test_a_store_that_is_open_here_is_in_use_for_a_reader(tmp_path: Path) -> None:
    store = opened(tmp_path)
    result = DuckDbStore.read(tmp_path)
    store.close()
    assert isinstance(result, Err)
    assert "stop the run first" in result.error.detail


def test_a_changed_indicator_list_adds_columns_and_keeps_the_old_ones(tmp_path: Path) -> None:
    store = opened(tmp_path, fields=("sma", "rsi"))
    first, second = [T0], [T0 + MINUTE]
    done(store.write(StoreBatch(enriched=(rows(BTC_1M, [*first, *second], {"sma": [1.0, 2.0], "rsi": [3.0, 4.0]}),))))
    store.close()
    store = opened(tmp_path, fields=("rsi", "ema"))
    done(store.write(StoreBatch(enriched=(rows(BTC_1M, second, {"rsi": [5.0], "ema": [6.0]}),))))
    assert store.fields == ("rsi", "ema")
    assert sorted(done(store.enriched(BTC_1M, 0, T0 + 2 * MINUTE)).values) == ["ema", "rsi"]
    store.close()
    store = done(DuckDbStore.read(tmp_path))
    values = done(store.enriched(BTC_1M, 0, T0 + 2 * MINUTE)).values
    store.close()
    nan = float("nan")
    expected = {"sma": [1.0, nan], "rsi": [3.0, 5.0], "ema": [nan, 6.0]}
    assert list(values) == list(expected)
    for name, column in expected.items():
        np.testing.assert_array_equal(values[name], column)


def test_a_row_with_an_unknown_field_is_refused_whole(tmp_path: Path) -> None:
    store = opened(tmp_path, fields=("sma",))
    batch = StoreBatch(raw=candles(BTC_1M, [T0]), enriched=(rows(BTC_1M, [T0], {"rsi": [1.0]}),))
    result = store.write(batch)
    assert isinstance(result, Err)
    assert "['rsi']" in result.error.detail
    assert done(store.bounds(BTC_1M)) is None
    store.close()


@pytest.mark.parametrize("field", ["warm", "symbol", 'sma"; DROP TABLE candle; --'])
def test_a_field_name_does_no_harm(tmp_path: Path, field: str) -> None:
    result = DuckDbStore.open(tmp_path, stream="market.majors", symbols=SYMBOLS, simulated=False, fields=(field,))
    if not isinstance(result, Err):
        result.value.close()
    store = opened(tmp_path)
    done(store.write(StoreBatch(raw=candles(BTC_1M, [T0]))))
    store.close()
