"""The commands of docs/embedded-run.md, each run as it stands there but for time, place and port."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.embedded.test_replay import OUTAGE_DAY, csv
from tests.support.embedded import cryptostream, resource, written
from tests.support.program import program

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "embedded-run.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
RUNS = [line for line in COMMANDS if line.startswith("cryptostream run")]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the samples and a recording, as the page has them."""
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    written(tmp_path, resource(quote="USDT", coins=["BTC"], intervals=["1m"]))
    (tmp_path / "recorded").mkdir()
    csv(tmp_path / "recorded" / "BTCUSDT-1m.csv", OUTAGE_DAY, 60_000, list(range(50)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shortened(command: str) -> list[str]:
    """The words of a command after its name; a run takes a second, a free port, and the simulator if no recording."""
    _, *words = shlex.split(re.sub(r"--for \d+", "--for 1", command))
    if words[0] != "run":
        return words
    return [*words, "--port", "0", *([] if {"--simulate", "--replay"} & {*words} else ["--simulate"])]


def test_the_page_has_commands() -> None:
    assert {command.split()[0] for command in COMMANDS} == {"cryptostream", "curl"}
    assert len(RUNS) == 4


def test_commands_work_as_they_stand(here: Path) -> None:
    for command in (line for line in COMMANDS if line.startswith("cryptostream")):
        if "--replay" in command:
            continue  # a stream of its own, below
        ended = cryptostream(*shortened(command))
        assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
    assert cryptostream("verify", "--interrupted").returncode == 0
    assert (here / "candles.parquet").is_file()
    assert (here / "summary.json").is_file()
    assert (here / "run.log").is_file()


def test_the_replay_works_as_it_stands(here: Path) -> None:
    command = next(line for line in RUNS if "--replay" in line)
    ended = cryptostream(*shortened(command))
    assert ended.returncode == 0, ended.stderr
    assert (here / "summary.json").is_file()
    assert (here / ".cryptostream" / "tests.test" / "stream.duckdb").is_file()


def test_the_status_page_is_where_the_page_says(here: Path) -> None:
    path = next(line for line in COMMANDS if line.startswith("curl")).rpartition(":8080")[2]
    with program(here / "run", *shortened(RUNS[0].partition(" --for")[0])) as run:
        assert run.page(path)[0] == 200
        assert run.interrupt() == 0
