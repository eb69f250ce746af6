"""The files of a service, found good or bad before anything is opened."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cryptostream.core.codec.service import Assignment, KafkaAccess, ServiceConfig, StoreAccess, encode
from cryptostream.core.market.series import Symbol
from cryptostream.core.result import Err, Ok
from cryptostream.service.settings import Settings, read_assignment, read_settings
from tests.support.service_files import ASSIGNMENT, CONFIG

KAFKA = KafkaAccess(
    bootstrap="kafka:9093", ca_file="ca.crt", username_file="kafka/user", password_file="kafka/password"
)
STORE = StoreAccess(url="https://influxdb:8086", org="market", token_file="token", ca_file="ca.crt")
RELATIVE = replace(CONFIG, kafka=KAFKA, store=STORE, assignment_file="assignment.json", work_dir="work")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Everything a process needs, with paths relative to its configuration."""
    (tmp_path / "kafka").mkdir()
    for name in ("ca.crt", "kafka/user", "kafka/password", "token"):
        (tmp_path / name).write_text("s3cret-of-" + name)
    (tmp_path / "assignment.json").write_bytes(encode(ASSIGNMENT))
    return tmp_path


def written(folder: Path, config: ServiceConfig = RELATIVE) -> Path:
    (folder / "config.json").write_bytes(encode(config))
    return folder / "config.json"


def faults(folder: Path, config: ServiceConfig = RELATIVE) -> list[str]:
    read = read_settings(written(folder, config), "consumer")
    assert isinstance(read, Err), read
    return [str(fault) for fault in read.error]


def settings(folder: Path, config: ServiceConfig = RELATIVE) -> Settings:
    read = read_settings(written(folder, config), "consumer")
    assert isinstance(read, Ok), read
    return read.value


def test_paths_are_taken_from_the_folder_of_the_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    read = settings(folder)
    assert read.config.kafka.password_file == str(folder / "kafka/password")
    assert read.config.assignment_file == str(folder / "assignment.json")
    assert read.config.work_dir == str(folder / "work")
    assert read.certificates == (folder / "ca.crt",)
    assert [symbol.name for symbol in read.spec.symbols] == ["BTCUSDC", "ETHUSDC"]
    assert read.assigned == ASSIGNMENT


def test_every_file_that_is_missing_or_empty_is_named(folder: Path) -> None:
    (folder / "kafka/password").unlink()
    (folder / "token").write_text("\n")
    told = faults(folder)
    assert len(told) == 2
    assert told[0].startswith(f"{folder / 'config.json'}: kafka.passwordFile: must be a file that can be read")
    assert told[1].startswith(f"{folder / 'config.json'}: store.tokenFile: must not be an empty file")


def test_of_what_is_in_a_secret_nothing_is_told(folder: Path) -> None:
    (folder / "ca.crt").unlink()
    assert "s3cret" not in " ".join(faults(folder))


def test_a_consumer_needs_a_store_and_a_producer_does_not(folder: Path) -> None:
    bare = replace(RELATIVE, store=None)
    assert "store: must be given for a consumer" in faults(folder, bare)[0]
    assert isinstance(read_settings(written(folder, bare), "producer"), Ok)


@pytest.mark.parametrize("text", ["", "{", '{"schema": 1,}', "\xff"])
def test_what_is_no_json_is_told(folder: Path, text: str) -> None:
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    read = read_settings(folder / "config.json", "producer")
    assert isinstance(read, Err)
    assert "document: must be JSON" in str(read.error[0])


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    read = read_settings(tmp_path / "none.json", "producer")
    assert isinstance(read, Err)
    assert "must be a file that can be read: No such file" in str(read.error[0])


def test_a_fault_names_the_file_it_is_in(folder: Path) -> None:
    spec: dict[str, Any] = {**CONFIG.resource.spec, "intervals": ["60m"]}
    (folder / "assignment.json").write_bytes(encode(Assignment(generation=1, symbols=(Symbol("AX", "A", "X"),))))
    told = faults(folder, replace(RELATIVE, resource=replace(CONFIG.resource, spec=spec)))
    assert any(
        each.startswith(f"{folder / 'config.json'}: resource.spec.intervals[0]: must be one of") for each in told
    )
    assert any(each.startswith(f"{folder / 'assignment.json'}: symbols[0]: must end in its quote") for each in told)


def test_a_bad_assignment_is_an_error_and_a_good_one_a_stream() -> None:
    assert isinstance(read_assignment(CONFIG, b"{}"), Err)
    assert isinstance(read_assignment(CONFIG, b'{"generation": 1'), Err)
    two = json.loads(encode(ASSIGNMENT))
    two["symbols"].append({"name": "SOLUSDC", "coin": "SOL", "quote": "USDC"})
    read = read_assignment(CONFIG, json.dumps(two | {"generation": 4}).encode())
    assert isinstance(read, Ok)
    assert read.value[0].generation == 4
    assert [symbol.coin for symbol in read.value[1].symbols] == ["BTC", "ETH", "SOL"]
