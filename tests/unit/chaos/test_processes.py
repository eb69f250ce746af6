"""The harness's own tools: a supervisor that starts again, a server that refuses, a clock that runs fast."""

import sys
import time
from pathlib import Path

import urllib3

from tests.chaos.launch import scaled
from tests.chaos.refusal import Refusal
from tests.chaos.supervisor import Supervised
from tests.support.parts.process import wait_for

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_what_is_killed_is_started_again_until_it_is_held(tmp_path: Path) -> None:
    with Supervised("sleeper", SLEEP, tmp_path / "log", tmp_path) as sleeper:
        sleeper.start()
        first = sleeper.server.pid
        sleeper.kill()
        wait_for(lambda: sleeper.server.alive and sleeper.server.pid != first, "it is started again")
        sleeper.hold()
        time.sleep(0.7)
        assert not sleeper.server.alive
        assert len(sleeper.starts) == 2
        assert sleeper.exits == [-9]


def test_what_ends_at_once_is_started_ever_more_slowly(tmp_path: Path) -> None:
    with Supervised("ended", [sys.executable, "-c", ""], tmp_path / "log", tmp_path) as ended:
        ended.start()
        wait_for(lambda: len(ended.starts) >= 3, "it is started again")
        gaps = [after - before for before, after in zip(ended.starts, ended.starts[1:], strict=False)]
        assert gaps[1] > gaps[0]
    assert not ended.server.alive


def test_a_refusal_has_its_status() -> None:
    with Refusal() as refusal:
        pool = urllib3.PoolManager(retries=False)
        for status in (503, 429, 401):
            refusal.status = status
            answer = pool.request("POST", f"http://127.0.0.1:{refusal.port}/api/v2/write", body=b"x" * 100_000)
            assert answer.status == status
            assert ("Retry-After" in answer.headers) == (status != 401)
        assert refusal.refused == 3


def test_a_fast_clock() -> None:
    clock = scaled(time.time_ns(), 1_000_000, 100.0)()
    assert 1_000_000 <= clock.now() < 1_100_000
    began, at = clock.now(), time.monotonic()
    time.sleep(0.05)
    assert clock.now() - began >= (time.monotonic() - at) * 100_000 - 2_000
    assert clock.real_seconds(5_000) == 0.05
    assert clock.real_seconds(-1) == 0
