"""Mounted files, changed in the ways that a kubelet and people change them."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cryptostream.core.result import Err, Ok
from cryptostream.observe.logs import Log
from cryptostream.service.files import MOST_BYTES, Watcher, read_file


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    watcher = Watcher(Log(), every=0.01)
    yield watcher
    watcher.close()


def mounted(folder: Path, generation: int, content: bytes) -> Path:
    """A volume as a kubelet mounts it: the file is a link through `..data`, which is swapped."""
    data = folder / f"..{generation}"
    data.mkdir()
    (data / "file").write_bytes(content)
    fresh = folder / "..data_tmp"
    fresh.symlink_to(data.name)
    fresh.rename(folder / "..data")
    if not (folder / "file").is_symlink():
        (folder / "file").symlink_to("..data/file")
    return folder / "file"


def test_a_swapped_volume_is_noticed(tmp_path: Path, watcher: Watcher) -> None:
    told: list[bytes] = []
    watcher.watch(mounted(tmp_path, 1, b"one"), b"one", told.append)
    watcher.start()
    for generation, content in ((2, b"two"), (3, b"six")):
        mounted(tmp_path, generation, content)
        until(lambda content=content: told[-1:] == [content])  # type: ignore[misc]
    assert told == [b"two", b"six"]


def test_a_file_written_in_place_is_noticed_though_size_and_second_are_the_same(
    tmp_path: Path, watcher: Watcher
) -> None:
    path, told = tmp_path / "file", list[bytes]()
    path.write_bytes(b"one")
    watcher.watch(path, b"one", told.append)
    watcher.start()
    for content in (b"two", b"six", b"ten"):
        path.write_bytes(content)
        until(lambda content=content: told[-1:] == [content])  # type: ignore[misc]


def test_what_was_known_already_is_not_told(tmp_path: Path, watcher: Watcher) -> None:
    told, other = list[bytes](), threading.Event()
    (tmp_path / "same").write_bytes(b"same")
    (tmp_path / "other").write_bytes(b"new")
    watcher.watch(tmp_path / "same", b"same", told.append)
    watcher.watch(tmp_path / "other", b"old", lambda _: other.set())
    watcher.start()
    assert other.wait(20)
    assert told == []


def test_a_file_that_vanishes_is_waited_for_and_told_of_once(
    tmp_path: Path, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    path, told = tmp_path / "file", list[bytes]()
    path.write_bytes(b"one")
    watcher.watch(path, b"one", told.append)
    watcher.start()
    path.unlink()
    until(lambda: "file_unreadable" in caplog.text)
    path.write_bytes(b"two")
    until(lambda: told == [b"two"])
    assert caplog.text.count("file_unreadable") == 1


def test_one_who_fails_to_take_a_file_does_not_end_the_watch(
    tmp_path: Path, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    path, told = tmp_path / "file", list[bytes]()

    def take(content: bytes) -> None:
        told.append(content)
        if content == b"bad":
            raise ValueError("of the content nothing is said")

    path.write_bytes(b"one")
    watcher.watch(path, b"one", take)
    watcher.start()
    for content in (b"bad", b"good"):
        path.write_bytes(content)
        until(lambda content=content: told[-1:] == [content])  # type: ignore[misc]
    assert told == [b"bad", b"good"]
    assert "file_not_taken" in caplog.text
    assert watcher.alive


def test_what_cannot_be_read_is_an_error_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * (MOST_BYTES + 1))
    assert read_file(tmp_path / "file") == Err(f"must have at most {MOST_BYTES} bytes")
    assert read_file(tmp_path / "none") == Err("must be a file that can be read: No such file or directory")
    assert read_file(tmp_path) == Err("must be a file that can be read: Is a directory")
    (tmp_path / "file").write_bytes(b"")
    assert read_file(tmp_path / "file") == Ok(b"")
