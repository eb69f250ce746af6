"""Servers are started, ended and held up at will, and none outlives the test run."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.data import ROOT
from tests.support.parts.ports import claim_port, is_open
from tests.support.parts.process import PartError, Server, wait_for

# Starts an InfluxDB on a small disk, and a child from a thread that ends at once; then tells their ids, and waits.
RUN = """
import os, sys, threading, time
from pathlib import Path
from tests.support.parts.influx import Influx
from tests.support.parts.process import spawn

folder, children = Path(sys.argv[1]), []
thread = threading.Thread(target=lambda: children.append(spawn(["sleep", "600"], folder / "log")))
thread.start()
thread.join()
influx = Influx(folder / "influx", disk_megabytes=16).start()
time.sleep(0.2)
print(children[0].pid, influx.pid, influx.volume.holder, children[0].poll() is None, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_nothing_outlives_a_test_run_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", RUN, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) as run:
        try:
            assert run.stdout is not None
            *told, outlives_thread = run.stdout.readline().split()
            pids = list(map(int, told))
            assert outlives_thread == b"True"
            assert all(map(alive, pids))
            assert not os.path.ismount(tmp_path / "influx" / "data")
        finally:
            run.kill()
        wait_for(lambda: not any(map(alive, pids)), "all children are gone")


def server(folder: Path, *command: str) -> Server:
    """A server that is ready once it has said so."""
    log = folder / f"{secrets.token_hex(4)}.log"
    return Server("thing", command, log, lambda: log.exists() and "ready" in log.read_text())


def test_a_server_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    with pytest.raises(PartError, match=r"(?s)thing ended with 3; .*log ends with\nout of luck"):
        server(tmp_path, "sh", "-c", "echo out of luck; exit 3").start()


def test_a_server_that_is_never_ready_shows_its_log_and_is_ended(tmp_path: Path) -> None:
    thing = server(tmp_path, "sh", "-c", "echo thinking; exec sleep 600")
    with pytest.raises(PartError, match=r"(?s)thing was not ready within 0.5 s; .*thinking"):
        thing.start(patience=0.5)
    assert not thing.alive


def test_a_server_is_asked_to_end_and_then_killed(tmp_path: Path) -> None:
    polite = server(tmp_path, "sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done").start()
    assert polite.stop() == 7
    deaf = server(tmp_path, "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done").start()
    assert deaf.stop(patience=0.2) == -signal.SIGKILL


def test_a_server_that_is_held_up_can_be_ended(tmp_path: Path) -> None:
    thing = server(tmp_path, "sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done").start()
    thing.pause()
    assert thing.stop() == 7


def test_a_claimed_port_is_free_and_claimed_once() -> None:
    ports = [claim_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert not any(map(is_open, ports))
