"""Control groups for a machine of tests, and somebody who removes them whatever becomes of the test run.

The kernel takes away processes, mounts and networks that nobody uses any more; a control group stays until it is
removed. So a process of its own, which does not end with the tests, waits for their end: `python -m
tests.support.parts.groups FOLDER …`.
"""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.data import ROOT

PATIENCE = 60.0
# What a process does before it becomes another: it goes into each of these groups.
_JOIN = 'until [ "$1" = -- ]; do echo $$ >"$1/cgroup.procs"; shift; done; shift; exec "$@"'
_MOUNTED = re.compile(r"\S+ \S+ \S+ / (\S+) .* - cgroup \S+ \S*?((?:name=)?[^ ,]+)")


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One of version 1: its controller, or `name=…`; where it is mounted, and where in it this process is."""

    controller: str
    mount: Path
    ours: str

    @property
    def option(self) -> str:
        """By which it is mounted."""
        return f"none,{self.controller}" if self.controller.startswith("name=") else self.controller

    def group(self, name: str) -> Path:
        return self.mount / self.ours.lstrip("/") / name


def hierarchies() -> list[Hierarchy]:
    """Those of version 1 that are mounted here whole."""
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    ours = {controller: path for _, controllers, path in lines for controller in controllers.split(",")}
    mounts = map(_MOUNTED.fullmatch, Path("/proc/self/mountinfo").read_text().splitlines())
    return [Hierarchy(each[2], Path(each[1]), ours[each[2]]) for each in mounts if each]


class Groups:
    """A group called `name` in each hierarchy, below that of this process. `claim` is held until all are gone."""

    def __init__(self, name: str, claim: socket.socket) -> None:
        self.folders = [each.group(name) for each in hierarchies()]
        remove(self.folders)  # of a machine whose guard was killed, too
        self._guard = _guard(self.folders, claim)
        for folder in self.folders:
            _make(folder)

    def joined(self, command: Sequence[str | Path]) -> list[str | Path]:
        """`command`, to be run in these groups."""
        return ["sh", "-ec", _JOIN, "join", *self.folders, "--", *command]

    def close(self) -> None:
        """Nobody is in them any more, or will not be in a moment."""
        self._guard.communicate()


def _make(folder: Path) -> None:
    folder.mkdir()
    for name in ("cpuset.cpus", "cpuset.mems"):  # a new group has none, and takes nobody in
        if (file := folder / name).exists():
            file.write_text((folder.parent / name).read_text())


def _guard(folders: Sequence[Path], claim: socket.socket) -> "subprocess.Popen[bytes]":
    """It sees the end of this process by the end of its input."""
    return subprocess.Popen(
        [sys.executable, "-m", __name__, *folders],
        stdin=subprocess.PIPE,
        cwd=ROOT,
        pass_fds=[claim.fileno()],
        start_new_session=True,
    )


def remove(folders: Sequence[Path], patience: float = PATIENCE) -> None:
    """All groups in these, innermost first; who is in them is about to end."""
    until = time.monotonic() + patience
    while (left := [each for each in folders if each.exists()]) and time.monotonic() < until:
        for folder in left:
            for group, *_ in os.walk(folder, topdown=False):
                with suppress(OSError):  # not empty yet
                    Path(group).rmdir()
        time.sleep(0.05)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    remove([Path(each) for each in sys.argv[1:]])
