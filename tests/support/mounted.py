"""A volume of files as a kubelet mounts it: all of its content changes at once, by the swap of one link."""

import os
import shutil
from itertools import count
from pathlib import Path


class Mount:
    """A folder whose files are links through `..data`. They can be read by their owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._versions = count(1)
        self.content: dict[str, bytes] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        return self._folder / name

    def put(self, **files: bytes) -> None:
        """Add or replace files."""
        self.content |= files
        fresh = self._folder / f"..{next(self._versions)}"
        fresh.mkdir(mode=0o700)
        for name, content in self.content.items():
            with os.fdopen(os.open(fresh / name, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(content)
        self._swap(fresh)
        for name in self.content:
            if not self.path(name).is_symlink():
                self.path(name).symlink_to(f"..data/{name}")

    def _swap(self, fresh: Path) -> None:
        data, link = self._folder / "..data", self._folder / "..data_tmp"
        former = data.resolve() if data.is_symlink() else None
        link.symlink_to(fresh.name)
        link.rename(data)
        if former is not None:
            shutil.rmtree(former)
