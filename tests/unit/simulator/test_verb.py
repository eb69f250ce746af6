"""`cryptostream simulate` as a program."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import typer
from typer.testing import CliRunner

from cryptostream.simulator.verb import simulate
from tests.unit.simulator.test_replay import START, line, write

app = typer.Typer()
app.command()(simulate)

PROGRAM = "import typer; from cryptostream.simulator.verb import simulate; typer.run(simulate)"


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    write(tmp_path, "BTCUSDT-1m.csv", line(0), line(1))
    faults = json.dumps({"paths": "/api/v3/klines", "blocked": True})
    arguments = ["--port", "0", "--replay", str(tmp_path), "--speed", "0.001", "--faults", faults]
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            address = re.search(r"REST (\S+)", program.stdout.readline())
            assert address is not None
            now = requests.get(address[1] + "/api/v3/time", timeout=10).json()["serverTime"]
            assert START <= now < START + 1000
            assert requests.get(address[1] + "/api/v3/klines", timeout=10).status_code == 451
            program.send_signal(signal.SIGINT)
            assert program.wait(timeout=20) == 0
        finally:
            program.kill()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--speed", "0"], "--speed"),
        (["--faults", "{"], "--faults"),
        (["--faults", '{"nonsense": 1}'], "nonsense"),
        (["--replay", "no-such-folder"], "--replay: no-such-folder"),
        (["--port", "0", "--host", "192.0.2.1"], "192.0.2.1"),
    ],
)
def test_bad_input_is_told_and_nothing_starts(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_replay_of_nothing_is_told(tmp_path: Path) -> None:
    write(tmp_path, "BTCUSDT-1m.csv", line(0))
    result = CliRunner().invoke(app, ["--replay", str(tmp_path), "--symbols", "ETHUSDT"])
    assert result.exit_code == 2
    assert "--symbols" in result.stderr
