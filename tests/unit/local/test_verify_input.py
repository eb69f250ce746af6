"""Which data `verify` means, in which pieces it reads them, and what it cannot work with."""

from pathlib import Path

import pytest
import yaml

from cryptostream.core.result import Err, Ok
from cryptostream.local.data_source import find_data
from cryptostream.local.verify import inspect, verify
from cryptostream.store.duckdb_store import DuckDbStore
from tests.support.stored import done
from tests.support.stored_stream import INDICATORS, RESOURCE_OF_IT, filled, gap, minute, opened, tampered


@pytest.mark.parametrize("page", [1, 7, 60, 359, 360, 361])
def test_findings_do_not_depend_on_the_pieces(tmp_path: Path, page: int) -> None:
    filled(tmp_path, absent=range(100, 180), gaps=(gap(range(100, 179)),))
    tampered(
        tmp_path,
        f"UPDATE candle SET first_trade_id = first_trade_id - 1 WHERE open_time = {minute(58)}",
        f"UPDATE indicators SET sma5 = 0 WHERE open_time IN ({minute(0)}, {minute(250)}, {minute(359)})",
        f"UPDATE candle SET volume = volume * 2 WHERE interval = '1h' AND open_time = {minute(300)}",
        f"DELETE FROM candle WHERE interval = '1m' AND open_time = {minute(358)}",
    )
    store = done(DuckDbStore.read(tmp_path))
    whole, in_pieces = (done(inspect(store, tmp_path, INDICATORS, size)) for size in (10**6, page))
    store.close()
    assert set(whole.differences) == {"missing", "impossible", "trade_chain", "enriched"}
    assert in_pieces == whole


def written(path: Path, name: str = "majors") -> Path:
    path.write_text(yaml.safe_dump(RESOURCE_OF_IT | {"metadata": {"name": name, "namespace": "market"}}))
    return path


def refusal(capsys: pytest.CaptureFixture[str], data: Path | None, file: Path | None) -> str:
    assert verify(data=data, file=file, as_json=False, interrupted=False) == 2
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def test_data_is_found_by_its_directory_its_base_or_its_resource(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    directory = Path(".cryptostream/market.majors.simulated")
    filled(directory)
    file = written(tmp_path / "majors.yaml")
    for data, given in (
        (directory, None),
        (Path(".cryptostream"), None),
        (None, file),
        (None, None),
        (directory, file),
    ):
        assert verify(data=data, file=given, as_json=False, interrupted=False) == 0
        assert str(directory) in capsys.readouterr().out


def test_one_of_several_must_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("market.majors", "market.majors.simulated", "market.minors"):
        opened(tmp_path / name).close()
    assert "market.majors, market.majors.simulated, market.minors: name one" in refusal(capsys, tmp_path, None)
    file = written(tmp_path / "majors.yaml")
    assert "market.majors, market.majors.simulated: name one of them with --data" in refusal(capsys, tmp_path, file)


def test_nothing_stored_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "holds no stored stream: run it first" in refusal(capsys, tmp_path, None)
    file = written(tmp_path / "majors.yaml")
    assert "holds nothing stored of market.majors: run it first" in refusal(capsys, tmp_path, file)


def test_data_of_another_stream_is_not_verified_with_this_resource(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(tmp_path)
    told = refusal(capsys, tmp_path, written(tmp_path / "minors.yaml", "minors"))
    assert told == "the data is of the stream market.majors, the resource of market.minors\n"


def test_data_without_a_resource_asks_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened(tmp_path).close()
    assert "name it with -f" in refusal(capsys, tmp_path, None)


def test_a_faulty_resource_is_refused_with_its_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("kind: CryptoStream")
    assert "metadata" in refusal(capsys, tmp_path, file)


def test_a_running_stream_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    store = opened(tmp_path)
    assert "stop the run first" in refusal(capsys, tmp_path, None)
    store.close()


def test_a_simulated_and_a_real_directory_are_told_apart_by_name(tmp_path: Path) -> None:
    opened(tmp_path / "market.majors.simulated").close()
    assert find_data(tmp_path, "market.majors") == Ok(tmp_path / "market.majors.simulated")
    assert isinstance(find_data(tmp_path, "market.majors.simulate"), Err)
