"""Debian packages that parts need and this machine lacks. Where the tests run as root, they are installed."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from tests.support.parts.cache import Tool, UnavailableError

# Nothing is asked, no service is started, and of two that install at once the second waits.
_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
_APT = ("apt-get", "--quiet", "--yes", "--option=DPkg::Lock::Timeout=600")


def installable(tools: Sequence[Tool]) -> list[str]:
    """The packages that bring these tools, if they may be installed here; of a tool without one there is none."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return []
    return list(dict.fromkeys(tool.package for tool in tools if tool.package))


def install(packages: Sequence[str]) -> None:
    """Raises `UnavailableError` with the end of what apt-get said."""
    for command in ((*_APT, "update"), (*_APT, "install", "--no-install-recommends", *packages)):
        done = subprocess.run(
            command,
            env=os.environ | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        told = "\n".join(done.stdout.splitlines()[-10:])
        raise UnavailableError(f"{' '.join(packages)} could not be installed; apt-get ends with\n{told}")
