"""The judge shares no code with what it judges."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.data import ROOT

FILES = sorted((ROOT / "tests" / "judge").glob("*.py"))
MAY = {"confluent_kafka", "numpy", "talib", "urllib3"}


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_of_the_judge_imports_its_own_kind_and_plain_libraries_only(file: Path) -> None:
    others = {name for name in imported(file) if not name.startswith("tests.judge")}
    assert {name.partition(".")[0] for name in others} <= MAY | set(sys.stdlib_module_names)


def test_the_product_is_not_loaded_with_it() -> None:
    code = "import sys, tests.judge.judge; print([name for name in sys.modules if name.startswith('cryptostream')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
