"""A small disk that can be full. It is mounted where only its users see it, so nothing is left when they end."""

import errno
from collections.abc import Sequence
from pathlib import Path

from tests.support.parts.process import Server

_MOUNT = 'mount -t tmpfs -o "size=$1m" tmpfs "$2" && mkdir "$2/mounted" && exec sleep infinity'
# Capabilities change with the namespace, and with them the kernel forgets what to do when the parent ends.
_GUARD = ("setpriv", "--pdeathsig", "KILL", "--")


class Volume:
    """A memory disk of `megabytes` at `folder`, in a mount namespace that a process of its own holds.

    `inside` makes a command run where the disk is; `seen` is its path for everybody else.
    """

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        log = folder.with_name(f"{folder.name}.log")
        mount = ("sh", "-c", _MOUNT, "mount", str(megabytes), str(folder))
        command = ("unshare", "--map-root-user", "--mount", *_GUARD, *mount)
        self._holder = Server("volume", command, log, self._is_mounted)
        self._holder.start()

    @property
    def holder(self) -> int:
        """The process that holds it."""
        return self._holder.pid

    @property
    def seen(self) -> Path:
        return Path(f"/proc/{self.holder}/root{self.folder.resolve()}")

    def inside(self, command: Sequence[str | Path]) -> list[str | Path]:
        enter = ["nsenter", "--target", str(self.holder), "--user", "--preserve-credentials", "--mount"]
        return [*enter, *_GUARD, *command]

    def fill(self) -> None:
        """Takes all space that is left, until `free`."""
        block = bytes(65_536)
        with (self.seen / "ballast").open("ab", buffering=0) as ballast:
            try:
                while ballast.write(block) == len(block):
                    pass
            except OSError as full:
                if full.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Gives back what `fill` has taken."""
        (self.seen / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        """Ends it, and with it whatever was stored; who used it must have ended."""
        self._holder.kill()

    def _is_mounted(self) -> bool:
        return (self.seen / "mounted").is_dir()
