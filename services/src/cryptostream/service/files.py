"""Mounted files: read once, and looked after while the process runs. No secret is kept or told here.

A kubelet swaps a whole folder by renaming a symbolic link, others write in place; notification reaches not every
mount. The files are few and small, so they are read a few times a second, which misses nothing.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from cryptostream.core.result import Err, Ok, Result
from cryptostream.observe.logs import Log

EVERY_SECONDS = 0.3
MOST_BYTES = 4 * 1024 * 1024


def read_file(path: Path) -> Result[bytes, str]:
    """All of a file, or why it cannot be read; one of more than four megabytes is none of ours."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        return Err(f"must be a file that can be read: {error.strerror or error}")
    return Ok(content) if len(content) <= MOST_BYTES else Err(f"must have at most {MOST_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class Watched:
    """A file, what is told of its new content, a digest of the content known, and why it could not be read last."""

    path: Path
    changed: Callable[[bytes], None]
    digest: bytes
    fault: str | None = None


class Watcher:
    """Tells, from one thread of its own, when a file has another content. What is not there is waited for."""

    def __init__(self, log: Log, every: float = EVERY_SECONDS) -> None:
        self._log = log
        self._every = every
        self._files: list[Watched] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="files", daemon=True)

    def watch(self, path: Path, known: bytes, changed: Callable[[bytes], None]) -> None:
        """Call `changed` with what `path` holds once that is no longer `known`; before `start`."""
        self._files.append(Watched(path, changed, sha256(known).digest()))

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """Look no more; waits for what is being told."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look_after(self) -> None:
        while not self._stop.wait(self._every):
            self._files = [self._look(each) for each in self._files]

    def _look(self, file: Watched) -> Watched:
        content = read_file(file.path)
        if isinstance(content, Err):
            if content.error != file.fault:
                self._log.warning("file_unreadable", path=str(file.path), detail=content.error)
            return replace(file, fault=content.error)
        digest = sha256(content.value).digest()
        if digest != file.digest:
            self._tell(file, content.value)
        return replace(file, digest=digest, fault=None)

    def _tell(self, file: Watched, content: bytes) -> None:
        try:
            file.changed(content)
        except Exception as error:  # noqa: BLE001 - one file must not keep the others from being looked after
            self._log.error("file_not_taken", path=str(file.path), error=error)
