"""Serves the pages of a service, and tells where: a line on standard output, and a file for whoever started it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from cryptostream.core.codec.service import Listen
from cryptostream.core.resource.spec import Fault
from cryptostream.core.result import Err, Ok, Result
from cryptostream.observe.server import Pages, start_server

ADDRESS_FILE = "http"


@contextmanager
def serve(pages: Pages, listen: Listen, work_dir: str | None) -> Iterator[Result[str, Fault]]:
    """Serve for as long as the context lasts; gives the address. A port that is taken is a fault: others ask there."""
    started = start_server(pages, listen.port, listen.host, ports_tried=1)
    if isinstance(started, Err):
        yield Err(Fault("http.port", f"must be a port to listen on: {started.error}", "choose another one, or 0"))
        return
    try:
        yield _tell(started.value.url, work_dir)
    finally:
        started.value.close()


def _tell(url: str, work_dir: str | None) -> Result[str, Fault]:
    sys.stdout.write(msgspec.json.encode({"event": "listening", "http": url}).decode() + "\n")
    sys.stdout.flush()
    if work_dir is None:
        return Ok(url)
    try:
        _replace(Path(work_dir) / ADDRESS_FILE, f"{url}\n")
    except OSError as error:
        return Err(Fault("workDir", f"must be a folder to write into: {error.strerror or error}", "choose another"))
    return Ok(url)


def _replace(path: Path, text: str) -> None:
    """At once, so that nobody reads half an address."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)
