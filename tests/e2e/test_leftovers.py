"""Of a cluster nothing is left, however the test run ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.data import ROOT
from tests.support.parts.fixtures import having
from tests.support.parts.groups import hierarchies
from tests.support.parts.process import wait_for

# Starts a cluster with a pod in it, says where it is, and ends as it is told.
RUN = """
import sys
from pathlib import Path
from tests.support.parts.cluster import Cluster

with Cluster(Path(sys.argv[1])).start() as cluster:
    cluster.kubectl.wait("create", "serviceaccount/default")
    cluster.kubectl("run", "pod", "--image=localhost/pause:1", "--image-pull-policy=Never")
    cluster.kubectl.wait("condition=Ready", "pod/pod")
    print(cluster.machine.link, *cluster.machine.groups.folders, flush=True)
    sys.stdin.read()
"""
SETTINGS = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward")


@dataclass(frozen=True)
class Traces:
    """What a cluster could leave on the machine that it runs on."""

    mounts: str
    rules: str
    routes: str
    settings: tuple[str, ...]


def traces() -> Traces:
    settings = tuple(Path("/proc/sys", name).read_text() for name in SETTINGS)
    return Traces(Path("/proc/self/mounts").read_text(), _said("iptables-save"), _said("ip", "route"), settings)


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def run(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    command: list[str | Path] = [sys.executable, "-c", RUN, tmp_path]
    with having(), subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        yield run
        run.kill()


@pytest.mark.parametrize("end", [signal.SIGKILL, None])
def test_nothing_is_left(run: "subprocess.Popen[str]", end: signal.Signals | None) -> None:
    """[A cluster for tests] torn down without a trace (processes, mounts, network namespaces, iptables rules) …"""
    before = traces()
    assert run.stdin is not None
    assert run.stdout is not None
    link, *groups = run.stdout.readline().split()
    inside = [int(pid) for at, _, _ in os.walk(groups[0]) for pid in Path(at, "cgroup.procs").read_text().split()]
    assert len(inside) > 6
    assert Path("/sys/class/net", link).exists()
    assert len(groups) == len(hierarchies())
    if end is None:
        run.stdin.close()
    else:
        run.send_signal(end)
    run.wait(30)
    wait_for(lambda: not any(map(_alive, inside)), "its processes are gone")
    wait_for(lambda: not any(Path(group).exists() for group in groups), "its control groups are gone")
    wait_for(lambda: not Path("/sys/class/net", link).exists(), "its network is gone")
    assert traces() == before
