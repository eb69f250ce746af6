"""`cryptostream run` from outside: how it starts, what it shows, how it ends and how it goes on."""

import contextlib
import json
import os
import pty
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cryptostream.core.codec.log_line import decode
from cryptostream.core.result import Ok
from cryptostream.store.directory import data_directory
from cryptostream.store.duckdb_store import DuckDbStore
from tests.support.embedded import cryptostream, resource, written
from tests.support.metric_series import differences
from tests.support.program import Program, program
from tests.support.stored import done
from tests.support.write_metrics_reference import of_streams

HISTORY = 600


def stream(folder: Path, **spec: Any) -> Path:
    return written(folder, resource(**{"coins": ["BTC"], "source": {"history": {"seconds": HISTORY}}} | spec))


def arguments(folder: Path, file: Path, *more: object) -> tuple[object, ...]:
    return ("run", "-f", file, "--simulate", "--data", folder / "d", "--port", 0, "--log-file", folder / "log", *more)


def complete(run: Program) -> bool:
    series = run.status()["series"]
    return bool(series) and all(each["stored"] >= each["expected"] > 0 for each in series)


def published(run: Program) -> float:
    """Candles which this run has published, whatever the lane."""
    found = re.findall(
        r'^cryptostream_candles_total\{.*stage="published".*\} (\S+)$', run.page("/metrics")[1], re.MULTILINE
    )
    return sum(map(float, found))


def test_ctrl_c_loses_nothing_and_a_second_start_goes_on(tmp_path: Path) -> None:
    """clean stop on Ctrl-C with nothing in flight lost; a second start resumes from the store"""
    file = stream(tmp_path)
    with program(tmp_path / "one", *arguments(tmp_path, file)) as run:
        run.wait(lambda: complete(run), "all is stored")
        stored = run.stored()
        assert published(run) >= HISTORY
        busy = cryptostream("verify", "--data", tmp_path / "d")
        assert (busy.returncode, "stop the run first" in busy.stderr) == (2, True)
        assert run.interrupt() == 0
    verified = cryptostream("verify", "--data", tmp_path / "d")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    with program(tmp_path / "two", *arguments(tmp_path, file)) as run:
        run.wait(lambda: complete(run), "all is stored again")
        assert run.stored() >= stored
        assert published(run) < HISTORY / 2
        assert run.interrupt() == 0


def test_pages_answer_on_loopback_and_every_line_says_simulated(tmp_path: Path) -> None:
    with program(tmp_path, *arguments(tmp_path, stream(tmp_path), "--log-level", "info")) as run:
        assert run.url.startswith("http://127.0.0.1:")
        run.wait(run.stored, "a candle is stored")
        assert run.page("/healthz") == run.page("/readyz") == (200, "ok\n")
        assert 'simulated="true"' in run.page("/metrics")[1]
        assert differences(run.page("/metrics")[1], of_streams(), "stream") == []
        assert run.status()["stream"] == "tests.test"
        assert run.page("/nothing")[0] == 404
        assert run.interrupt() == 0
        assert all("simulated" in line for line in run.output.splitlines())
        said = (tmp_path / "log").read_text().splitlines()
        lines = [json.loads(line) for line in said]
        assert {line["simulated"] for line in lines} == {True}
        assert all(isinstance(decode(line), Ok) for line in said)
        assert {"started", "stopped"} <= {line["event"] for line in lines}


def test_for_seconds_and_summary(tmp_path: Path) -> None:
    summary = tmp_path / "s.json"
    file = stream(tmp_path)
    ended = cryptostream(*arguments(tmp_path, file, "--for", 2, "--summary", summary))
    assert ended.returncode == 0, ended.stderr
    found = json.loads(summary.read_text())
    assert found.keys() == {"simulated", "series", "totals"}
    assert found["simulated"] is True
    counts = {"expected", "persisted", "duplicates", "dead_lettered", "gaps"}
    assert found["totals"].keys() == counts
    assert {(each["symbol"], each["interval"]) for each in found["series"]} == {("BTCUSDC", "1s"), ("BTCUSDC", "1m")}
    for each in found["series"]:
        assert each.keys() == counts | {"symbol", "interval", "freshness_seconds"}
        assert each["freshness_seconds"].keys() == {"p50", "p99"}
    assert found["totals"]["persisted"] == sum(each["persisted"] for each in found["series"]) > HISTORY
    assert "\x1b" not in ended.stdout
    assert re.search(r"\d+ of \d+ candles stored", ended.stdout)


def test_a_terminal_gets_a_table(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cryptostream", *map(str, arguments(tmp_path, stream(tmp_path), "--for", 1))]
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    shown = b""
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        with contextlib.suppress(OSError):  # the other side is closed once the run has ended
            while part := os.read(ours, 65536):
                shown += part
        os.close(ours)
        assert process.wait(60) == 0, shown
    text = shown.decode()
    assert "\x1b[" in text
    assert all(word in text for word in ("newest close", "freshness", "complete", "gaps", "BTCUSDC", "simulated"))


def test_a_taken_port_gives_way_to_the_next(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with program(tmp_path, *arguments(tmp_path, stream(tmp_path), "--port", port)) as run:
            assert port < int(run.url.rpartition(":")[2]) < port + 20
            assert run.interrupt() == 0


def test_polling_tells_of_its_cycles(tmp_path: Path) -> None:
    """one log line a cycle ("cycle 1 done in 0.45 s, 4 messages")"""
    source = {"mode": "Rest", "pollSeconds": 10, "history": {"seconds": HISTORY}}
    file = stream(tmp_path, intervals=["1m"], source=source)
    with program(tmp_path, *arguments(tmp_path, file, "--speed", 20, "--log-level", "info")) as run:
        log = tmp_path / "log"
        run.wait(lambda: log.is_file() and log.read_text().count('"cycle_done"') >= 3, "three cycles are done")
        assert run.interrupt() == 0
    cycles = [line for line in map(json.loads, log.read_text().splitlines()) if line["event"] == "cycle_done"]
    assert [line["cycle"] for line in cycles] == list(range(1, len(cycles) + 1))
    assert all(line["seconds"] >= 0 and line["messages"] >= 0 for line in cycles)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("-f", "nothing.yaml", "must be a file that can be read"),
        ("-f", ".", "must be a file that can be read"),
        ("--replay", "nowhere", "does not exist"),
    ],
)
def test_bad_input_is_told_and_starts_nothing(tmp_path: Path, option: str, value: str, told: str) -> None:
    given = {"-f": stream(tmp_path), option: tmp_path / value}
    ended = cryptostream("run", "--data", tmp_path / "d", *(part for pair in given.items() for part in pair))
    assert ended.returncode == 2
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("owner", "simulated", "told"),
    [("tests.other", True, "holds the stream tests.other"), ("tests.test", False, "holds real data")],
)
def test_data_of_something_else_is_refused(tmp_path: Path, owner: str, simulated: bool, told: str) -> None:
    directory = data_directory(tmp_path / "d", "tests.test", simulated=True)
    done(DuckDbStore.open(directory, stream=owner, symbols={}, simulated=simulated, fields=())).close()
    ended = cryptostream(*arguments(tmp_path, stream(tmp_path)))
    assert ended.returncode == 2
    assert told in ended.stderr


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("no directory")
    ended = cryptostream(*arguments(tmp_path, stream(tmp_path)))
    assert ended.returncode == 2
    assert "cannot be made" in ended.stderr


def test_a_log_file_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log, stream = tmp_path / "file" / "log", written(tmp_path, resource())
    run = cryptostream("run", "-f", stream, "--simulate", "--data", tmp_path / "d", "--log-file", log)
    assert run.returncode == 2
    assert run.stderr.startswith("--log-file: must be a file that can be written")
