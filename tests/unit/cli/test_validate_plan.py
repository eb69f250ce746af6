import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from cryptostream.cli import app
from tests.support.data import ROOT
from tests.support.resources import CORPUS, SAMPLES, BadResource, bad_resources, good_files

BAD = bad_resources()
ABSENT = ("duckdb", "prometheus_client", "requests", "tenacity", "websockets")


def cryptostream(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def without_extras(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The program as the base install has it: importing what belongs to an extra fails."""
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({ABSENT})); sys.argv[0] = 'cryptostream'\n"
        "from cryptostream.cli import main; main()"
    )
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_bad_input_ends_with_2_and_a_line_per_fault(bad: BadResource) -> None:
    """ "Bad input (…) gets one message per fault, with field path and remedy, exit 2, and nothing started." """
    done = cryptostream("validate", "-f", bad.file)
    assert done.exit_code == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == len(bad.faults)
    assert all(any(line.startswith(f"{fault.path}: ") for line in lines) for fault in bad.faults)


@pytest.mark.parametrize("file", good_files(), ids=lambda file: file.stem)
def test_what_is_valid_is_said_to_be(file: Path) -> None:
    done = cryptostream("validate", "-f", file)
    assert (done.exit_code, done.stderr) == (0, "")
    assert all(line.endswith("is valid") or " is valid: " in line for line in done.stdout.splitlines())


def test_machines_get_faults_as_json() -> None:
    done = cryptostream("validate", "--json", "-f", CORPUS / "bad/coin-twice.yaml")
    assert done.exit_code == 2
    answer = msgspec.json.decode(done.stdout)
    assert answer["valid"] is False
    (fault,) = answer["faults"]
    assert fault == {
        "path": "spec.coins[2]",
        "message": "must be unique: BTC is also spec.coins[0]",
        "remedy": "remove one of them",
    }


def test_machines_are_told_what_is_valid() -> None:
    done = cryptostream("validate", "--json", "-f", SAMPLES / "minimal.yaml")
    assert done.exit_code == 0
    assert msgspec.json.decode(done.stdout)["valid"] is True


def test_a_plan_shows_topics_indicators_and_the_cost_of_history() -> None:
    done = cryptostream("plan", "-f", SAMPLES / "majors.yaml")
    assert done.exit_code == 0
    for part in ("market.majors.prices-1s", "market.majors.ledger", "macd_signal", "marketdata_raw", "WebSocket"):
        assert part in done.stdout
    assert "by 20 calls, 40 weight" in done.stdout


def test_a_plan_for_machines_is_the_plan_and_the_cost() -> None:
    done = cryptostream("plan", "--json", "-f", SAMPLES / "cluster.yaml")
    assert done.exit_code == 0
    (planned,) = msgspec.json.decode(done.stdout)
    assert planned["plan"]["stream"] == "market.desk"
    assert [topic["name"] for topic in planned["plan"]["topics"]][-1] == "market.desk.ledger"
    assert len(planned["plan"]["series"]) == 12
    assert planned["history"]["weight"] == 2 * planned["history"]["calls"]


def test_a_plan_of_polling_says_what_it_costs_a_minute() -> None:
    done = cryptostream("plan", "-f", SAMPLES / "polling.yaml")
    assert "a cycle every 60 s, 10 weight a minute" in done.stdout


def test_nothing_is_planned_for_what_is_faulty() -> None:
    done = cryptostream("plan", "-f", CORPUS / "bad/interval-unknown.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("spec.intervals[1]: must be one of")


@pytest.mark.parametrize("verb", ["validate", "plan", "run"])
def test_a_file_that_is_not_there_is_bad_input(verb: str, tmp_path: Path) -> None:
    done = cryptostream(verb, "-f", tmp_path / "nowhere.yaml")
    assert done.exit_code == 2
    assert "nowhere.yaml: must be a file that can be read" in done.stderr


@pytest.mark.parametrize("verb", ["validate", "plan", "run"])
def test_without_a_file_the_option_is_named(verb: str) -> None:
    done = cryptostream(verb)
    assert done.exit_code == 2
    assert "--file" in done.stderr


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_nothing_is_started_for_bad_input(bad: BadResource, tmp_path: Path) -> None:
    """ "Bad input (…) gets one message per fault, with field path and remedy, exit 2, and nothing started." """
    done = cryptostream(
        "run", "--simulate", "-f", bad.file, "--data", tmp_path / "data", "--log-file", tmp_path / "log"
    )
    assert done.exit_code == 2
    assert done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["validate", "plan"])
def test_the_base_install_is_enough(verb: str) -> None:
    done = without_extras(verb, "-f", SAMPLES / "majors.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert "market" in done.stdout


@pytest.mark.parametrize("verb", ["run", "verify", "recompute"])
def test_a_missing_extra_is_named(verb: str, tmp_path: Path) -> None:
    arguments = ["-f", SAMPLES / "minimal.yaml", "--data", tmp_path]
    done = without_extras(verb, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("this verb needs the extra [")
    assert "pip install 'cryptostream[" in done.stderr


def test_every_verb_is_offered() -> None:
    done = cryptostream("--help")
    assert done.exit_code == 0
    for verb in ("validate", "plan", "run", "simulate", "verify", "recompute", "export"):
        assert verb in done.stdout
