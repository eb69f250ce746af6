"""Parts that are built once, into the user's cache, and found there by all later test runs.

A recipe is a folder of `tests/parts` with an executable `build`, which leaves the part in the folder it runs in. Its
environment has `CHECKOUT`, `CACHE`, and the folder of each part that it is made of, by the part's name.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.data import ROOT

RECIPES = ROOT / "tests" / "parts"
BUILT_FROM = ".built-from"
TAIL = 40


class UnavailableError(Exception):
    """A part cannot be had on this machine; the message says why and what helps."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that a recipe or a part needs, and how to get it: as a package of Debian's, or otherwise."""

    program: str
    remedy: str
    package: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Something to build: `<name>-<version>` in the cache, from the recipe called `name`.

    `tools` build it; `needs` are there when it runs. `parts` are built before, and `sources` are the files of the
    checkout (patterns) that go into it.
    """

    name: str
    version: str
    tools: tuple[Tool, ...]
    needs: tuple[Tool, ...] = ()
    recipes: Path = RECIPES
    parts: "tuple[Part, ...]" = ()
    sources: tuple[str, ...] = ()

    @property
    def recipe(self) -> Path:
        return self.recipes / self.name

    def __str__(self) -> str:
        return f"{self.name}-{self.version}"


def cache_dir() -> Path:
    """Where parts are kept; XDG's cache folder, which a user may remove at any time."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "cryptostream"


def fingerprint(part: Part) -> str:
    """Changes with each change of a file of the recipe, of its sources, or of the parts it is made of."""
    digest = hashlib.sha256()
    sources = (file for pattern in part.sources for file in ROOT.glob(pattern) if file.is_file())
    for file in (*sorted(part.recipe.iterdir()), *sorted(sources)):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    for each in part.parts:
        digest.update(fingerprint(each).encode())
    return digest.hexdigest()


def ensure(part: Part, cache: Path | None = None) -> Path:
    """The folder of `part`, built now if it is not there as its recipe says; raises `UnavailableError`.

    Of several processes that ask at once, one builds and the others wait for it.
    """
    cache = cache or cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    for each in part.parts:
        ensure(each, cache)
    folder, wanted = cache / str(part), fingerprint(part)
    with _locked(cache / f"{part}.lock"):
        if lacking := missing(part, cache):
            named = "; ".join(f"`{tool.program}` is missing: {tool.remedy}" for tool in lacking)
            raise UnavailableError(f"{part} cannot be had: {named}")
        if not _is_built(folder, wanted):
            _build(part, folder, wanted)
    return folder


def built(part: Part, cache: Path | None = None) -> Path:
    """The folder of `part`, for who starts it: building takes longer than a test may; raises `UnavailableError`."""
    cache = cache or cache_dir()
    if not is_built(part, cache):
        raise UnavailableError(f"{part} is not built yet: `make parts` builds it")
    return cache / str(part)


def is_built(part: Part, cache: Path | None = None) -> bool:
    return _is_built((cache or cache_dir()) / str(part), fingerprint(part))


def missing(part: Part, cache: Path | None = None) -> list[Tool]:
    """What `part` cannot do without, and is not on this machine."""
    if is_built(part, cache):
        wanted = [*part.needs]
    else:
        wanted = [*part.tools, *part.needs, *(tool for each in part.parts for tool in missing(each, cache))]
    return [tool for tool in wanted if shutil.which(tool.program) is None]


def _is_built(folder: Path, wanted: str) -> bool:
    stamp = folder / BUILT_FROM
    return stamp.is_file() and stamp.read_text() == wanted


def _build(part: Part, folder: Path, wanted: str) -> None:
    """In a folder of its own, which takes its place when it is whole."""
    log = folder.with_name(f"{folder.name}.log")
    for left in folder.parent.glob(f".{part}-*"):  # by a build that was killed: the lock says that none is under way
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{part}-", dir=folder.parent, ignore_cleanup_errors=True) as scratch:
        made = Path(scratch, "made")
        shutil.copytree(part.recipe, made)
        with log.open("wb") as output:
            done = subprocess.run(
                [made / "build"],
                cwd=made,
                env=os.environ | _told(part, folder.parent),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode != 0:
            raise UnavailableError(f"{part} could not be built; {log} ends with\n{tail(log)}")
        (made / BUILT_FROM).write_text(wanted)
        if folder.exists():
            folder.rename(Path(scratch, "old"))
        made.rename(folder)


def _told(part: Part, cache: Path) -> dict[str, str]:
    """What a recipe may want to know: where the checkout is, and where each part is that it is made of."""
    return {"CHECKOUT": str(ROOT), "CACHE": str(cache)} | {
        each.name.upper(): str(cache / str(each)) for each in part.parts
    }


def tail(log: Path, lines: int = TAIL) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
