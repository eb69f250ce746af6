"""Killed with -9 while it runs, again and again: what is stored is right, and nothing is lost or twice."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.embedded import cryptostream, resource, written


def killed_after(seconds: float, *arguments: object) -> None:
    """Start the command and kill it after so many seconds of running."""
    command = [sys.executable, "-m", "cryptostream", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            process.wait(seconds)
            pytest.fail(f"it ended by itself: {process.stderr.read() if process.stderr else ''}")
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)


def until_whole(folder: Path, *run: object) -> None:
    """Run on until nothing is pending: how long that takes depends on the machine."""
    summary = folder / "s.json"
    for _ in range(6):
        done = cryptostream(*run, "--for", 5, "--summary", summary)
        assert done.returncode == 0, done.stderr
        if not {"pending", "blocked"} & set(json.loads(summary.read_text())["totals"]["gaps"]):
            return
    pytest.fail(f"still to be fetched: {summary.read_text()}")


def kill_and_verify(folder: Path, times: int) -> None:
    rounds = random.Random(times)
    stream = written(folder, resource(intervals=["1s", "1m", "1h"], source={"history": {"seconds": 2 * 3600}}))
    data = folder / "d"
    run = ("run", "-f", stream, "--simulate", "--data", data, "--port", 0, "--log-file", folder / "log")
    for _ in range(times):
        killed_after(rounds.uniform(1.5, 4.5), *run)
    until_whole(folder, *run)
    verified = cryptostream("verify", "-f", stream, "--data", data)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_killed_eight_times(tmp_path: Path) -> None:
    """Killed with -9 at any moment, 8 times in a row (30 [soak]): `verify` finds nothing lost and nothing twice."""
    kill_and_verify(tmp_path, 8)


@pytest.mark.soak
def test_killed_thirty_times(tmp_path: Path) -> None:
    """Killed with -9 at any moment, 8 times in a row (30 [soak]): `verify` finds nothing lost and nothing twice."""
    kill_and_verify(tmp_path, 30)
