"""A token in a mounted file, which may be replaced while the process runs. Reads; never tells what it has read."""

from pathlib import Path

from cryptostream.core.ports import StoreError
from cryptostream.core.result import Err, Ok, Result


class TokenFile:
    """The token as it is now: a file is replaced as a whole, so that its inode or its time changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._token = ""

    def __repr__(self) -> str:
        return f"TokenFile({self._path})"

    def read(self) -> Result[str, StoreError]:
        """The token, read again if the file has changed; the last one while there is no file."""
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns)
            if seen != self._seen:
                self._token = self._path.read_text().strip()
                self._seen = seen
        except OSError as fault:
            if not self._token:
                detail = f"the token in {self._path} cannot be read: {fault.strerror} (mount the Secret there)"
                return Err(StoreError(detail, retryable=True))
        return Ok(self._token)
