"""Parts are built once, whole or not at all, and a missing tool is named with its remedy."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.data import ROOT
from tests.support.parts.cache import Part, Tool, UnavailableError, built, ensure, fingerprint, is_built

BUILD = """#!/bin/sh
echo built >>"{log}"
sleep 0.2
cp ingredient result
"""
ASK = """
import sys
from pathlib import Path
from tests.support.parts.cache import Part, ensure
print(ensure(Part("thing", "1", (), recipes=Path(sys.argv[1])), Path(sys.argv[2])))
"""


def recipe(folder: Path, build: str = BUILD) -> Part:
    (folder / "thing").mkdir()
    (folder / "thing" / "ingredient").write_text("first")
    script = folder / "thing" / "build"
    script.write_text(build.format(log=folder / "builds"))
    script.chmod(0o755)
    return Part("thing", "1", (), recipes=folder)


def builds(folder: Path) -> int:
    return len((folder / "builds").read_text().splitlines())


def test_a_part_is_built_once(tmp_path: Path) -> None:
    part, cache = recipe(tmp_path), tmp_path / "cache"
    assert not is_built(part, cache)
    folder = ensure(part, cache)
    assert ensure(part, cache) == folder == cache / "thing-1"
    assert (folder / "result").read_text() == "first"
    assert built(part, cache) == folder
    assert builds(tmp_path) == 1


def test_a_changed_recipe_is_built_anew(tmp_path: Path) -> None:
    part, cache = recipe(tmp_path), tmp_path / "cache"
    ensure(part, cache)
    (part.recipe / "ingredient").write_text("second")
    assert not is_built(part, cache)
    assert (ensure(part, cache) / "result").read_text() == "second"
    assert builds(tmp_path) == 2


def test_what_is_made_of_another_part_is_built_after_it_and_anew_with_it(tmp_path: Path) -> None:
    first, cache = recipe(tmp_path), tmp_path / "cache"
    (tmp_path / "other").mkdir()
    script = tmp_path / "other" / "build"
    script.write_text('#!/bin/sh\ncat "$THING/result" "$CHECKOUT/LICENSE" >result')
    script.chmod(0o755)
    other = Part("other", "1", (), recipes=tmp_path, parts=(first,), sources=("LICENSE",))
    assert (ensure(other, cache) / "result").read_text() == "first" + (ROOT / "LICENSE").read_text()
    (first.recipe / "ingredient").write_text("second")
    assert not is_built(other, cache)
    assert (ensure(other, cache) / "result").read_text().startswith("second")


def test_a_part_changes_with_its_sources(tmp_path: Path) -> None:
    part = recipe(tmp_path)
    assert fingerprint(part) != fingerprint(replace(part, sources=("LICENSE",)))


def test_of_two_that_ask_at_once_one_builds(tmp_path: Path) -> None:
    recipe(tmp_path)
    command = [sys.executable, "-c", ASK, str(tmp_path), str(tmp_path / "cache")]
    asking = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    told = {each.communicate(timeout=60)[0] for each in asking}
    assert told == {f"{tmp_path / 'cache' / 'thing-1'}\n".encode()}
    assert builds(tmp_path) == 1


def test_a_build_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    part, cache = recipe(tmp_path, "#!/bin/sh\necho no flour\ntouch result\nexit 1\n"), tmp_path / "cache"
    with pytest.raises(UnavailableError, match=r"(?s)thing-1 could not be built.*thing-1.log.*no flour"):
        ensure(part, cache)
    assert {file.name for file in cache.iterdir()} == {"thing-1.lock", "thing-1.log"}


def test_a_missing_tool_is_named_with_its_remedy(tmp_path: Path) -> None:
    recipe(tmp_path)
    part = Part("thing", "1", (Tool("no-such-oven", "buy one"),), recipes=tmp_path)
    with pytest.raises(UnavailableError, match="thing-1 is not built yet: `make parts` builds it"):
        built(part, tmp_path / "cache")
    with pytest.raises(UnavailableError, match="thing-1 cannot be had: `no-such-oven` is missing: buy one"):
        ensure(part, tmp_path / "cache")
