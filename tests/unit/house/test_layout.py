"""The folders are as they must be, and nothing of the machine it was written on is left in the files."""

import operator
import re
import sysconfig
from pathlib import Path

from tests.support.data import ROOT
from tests.support.house import sources, tracked

TESTS = ROOT / "tests"
# Homes and work folders; the character class keeps this very line from matching itself.
FOREIGN = re.compile(r"(?<![\w.:*/-])/(?:[h]ome|[U]sers|[r]oot|[w]ork)/[\w.+-]+")


def test_the_operator_folder_does_not_hide_the_standard_library() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists()
    stdlib = Path(sysconfig.get_paths()["stdlib"]).resolve()
    assert Path(str(operator.__file__)).resolve().is_relative_to(stdlib)


def test_no_test_folder_is_called_operator() -> None:
    assert not [folder for folder in TESTS.rglob("operator") if folder.is_dir()]


def test_every_folder_with_tests_is_a_package_up_to_the_root() -> None:
    folders = {parent for test in TESTS.rglob("test_*.py") for parent in test.parents if parent.is_relative_to(TESTS)}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_no_path_of_a_machine_is_in_the_files() -> None:
    home = str(Path.home())
    found = [
        f"{file.relative_to(ROOT)}:{number} {line.strip()[:100]}"
        for file in tracked()
        if file.name != "uv.lock"
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        if FOREIGN.search(line) or f"{home}/" in line
    ]
    assert not found, "\n".join(found)


def test_a_path_of_a_machine_would_be_found() -> None:
    for place in ("/" + "home/ann/x", "'/" + "root/x'", "cd /" + "work/main", "file=/" + "Users/ann/x"):
        assert FOREIGN.search(place), place


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {file: len(file.read_text().splitlines()) for file in sources(".py", ".pyi")}
    assert not {str(file.relative_to(ROOT)): lines for file, lines in lengths.items() if lines > 400}
