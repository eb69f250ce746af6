"""A machine within this one, which vanishes as a whole: network, mounts, processes and control groups of its own.

    with Machine(folder).start() as machine:
        Server("containerd", machine.inside(["containerd"]), log, ready)

Everything in it ends with its first process, which ends with the tests: the kernel then takes away its mounts (what is
written below /run, /var and /etc is in memory), its network with all rules, and the link to this machine. Its control
groups are removed by their guard. It needs root.
"""

import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.support.parts.cache import UnavailableError, built
from tests.support.parts.catalogue import NODE
from tests.support.parts.groups import Groups, hierarchies
from tests.support.parts.process import Server, wait_for

DATA = Path("/run/machine")
"""Memory, inside, for what its programs keep."""
# What kubelet wants of the kernel; these settings are this machine's own, too, and stay as they are.
_KERNEL = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}
_NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup")
# Written by the test, run by the machine's first process.
_BEGIN = """
group() {{ mkdir "/sys/fs/cgroup/$1"; mount -t cgroup -o "$2" cgroup "/sys/fs/cgroup/$1"; }}
keep() {{ file=$(mktemp -p /run/kernel); echo "$2" >"$file"; mount --bind "$file" "/proc/sys/$1"; }}
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/machine
for each in var etc; do
  over=/run/over/$each
  mkdir -p $over/upper $over/work
  mount -t overlay -o lowerdir=/$each,upperdir=$over/upper,workdir=$over/work overlay /$each
done
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
{groups}
mkdir /run/kernel
{kernel}
hostname node
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
touch /run/machine/begun
exec {pause}
"""


class Machine:
    """`host` is this machine as it sees it, `address` is its own, `pods` and `services` are networks behind it."""

    def __init__(self, folder: Path) -> None:
        if os.geteuid() != 0 or not hierarchies():
            raise UnavailableError("a machine of its own needs root, and control groups of version 1")
        folder.mkdir(parents=True, exist_ok=True)
        self._claim, number = _claim_number()
        self.link = f"cs-test-{number}"
        self.host, self.address = f"198.18.{number}.1", f"198.18.{number}.2"
        self.pods, self.services = f"10.244.{number}.0/24", f"10.96.{number}.0/24"
        self.groups = Groups(f"cryptostream-test-{number}", self._claim)
        (folder / "begin").write_text(_begin())
        unshare = ("unshare", *_NAMESPACES, "--fork", "--kill-child", "--mount-proc", "sh", "-eu", folder / "begin")
        self._unshare = Server("machine", self.groups.joined(unshare), folder / "machine.log", self._has_begun)

    @property
    def first(self) -> int:
        """Its first process."""
        pid = self._unshare.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def seen(self, path: Path) -> Path:
        """A path inside, for everybody else."""
        return Path(f"/proc/{self.first}/root{path}")

    def inside(self, command: Sequence[str | Path]) -> list[str | Path]:
        """`command`, to be run in it."""
        return self.groups.joined(["nsenter", "--all", "--target", str(self.first), *command])

    def run(self, *command: str | Path) -> str:
        """What a command prints that is run in it."""
        return subprocess.run(self.inside(command), check=True, capture_output=True, text=True).stdout

    def start(self) -> Self:
        self._unshare.start()
        _ip("link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", str(self.first))
        _ip("address", "add", f"{self.host}/30", "dev", self.link)
        _ip("link", "set", self.link, "up")
        self.run("ip", "address", "add", f"{self.address}/30", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("ip", "route", "add", "default", "via", self.host)
        for network in (self.pods, self.services):
            _ip("route", "add", network, "via", self.address)
        return self

    def close(self) -> None:
        """Returns when nothing is left of it."""
        self._unshare.kill()
        wait_for(lambda: not Path("/sys/class/net", self.link).exists(), f"{self.link} is gone")
        self.groups.close()
        self._claim.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _has_begun(self) -> bool:
        return bool(self.first) and self.seen(DATA / "begun").exists()


def _begin() -> str:
    """The script that its first process runs."""
    groups = "\n".join(f"group {each.mount.name} {each.option}" for each in hierarchies())
    kernel = "\n".join(f"keep {name} {value}" for name, value in _KERNEL.items())
    return _BEGIN.format(groups=groups, kernel=kernel, pause=built(NODE) / "pause")


def _claim_number() -> tuple[socket.socket, int]:
    """A number that no other machine has, as long as the name that goes with it is held in the kernel."""
    for number in range(256):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0cryptostream-test-machine-{number}")
        except OSError:
            claim.close()
        else:
            return claim, number
    raise OSError("256 machines run already")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
