"""`cryptostream run` as a process beside the test: its output, its pages, and what the system says of it."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

PATIENCE = 60.0
T = TypeVar("T")


class Usage(NamedTuple):
    """What a process uses: resident memory in MB (of 10^6 bytes), threads, open sockets."""

    megabytes: float
    threads: int
    sockets: int


class Program:
    """A run that has been started. Its standard output and error are in files of `folder`."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self._folder = folder

    @property
    def output(self) -> str:
        return (self._folder / "output").read_text()

    @property
    def errors(self) -> str:
        return (self._folder / "errors").read_text()

    @property
    def url(self) -> str:
        """Where its pages are, once it has said so."""
        return self.wait(lambda: re.search(r"status at (http://\S+)", self.output), "it says where its pages are")[1]

    def page(self, path: str) -> tuple[int, str]:
        """Status code and text of one of its pages."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.page("/status")[1])
        return document

    def stored(self) -> int:
        return sum(each["stored"] for each in self.status()["series"])

    def wait(self, condition: Callable[[], T | None], what: str) -> T:
        """The first answer of `condition` that is not empty; the test fails if none comes, or if the run has ended."""
        until = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert self.process.poll() is None, f"it has ended, before {what}: {self.errors}"
            assert time.monotonic() < until, f"{what}: {self.output}{self.errors}"
            time.sleep(0.05)
        return found

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def usage(self) -> Usage:
        return usage(self.process.pid)


def usage(process: int) -> Usage:
    """As /proc tells it."""
    root = Path("/proc") / str(process)
    told = dict(line.split(":", 1) for line in (root / "status").read_text().splitlines())
    return Usage(int(told["VmRSS"].split()[0]) * 1024 / 1e6, int(told["Threads"]), _sockets(root / "fd"))


def _sockets(descriptors: Path) -> int:
    found = 0
    for each in descriptors.iterdir():
        try:
            found += str(each.readlink()).startswith("socket:")
        except FileNotFoundError:  # closed meanwhile
            continue
    return found


@contextmanager
def program(folder: Path, *arguments: object) -> Iterator[Program]:
    """`cryptostream` with `arguments`, ended at the end whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "cryptostream", *map(str, arguments)]
    with (folder / "output").open("wb") as output, (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        try:
            yield Program(process, folder)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
