"""The import contracts hold, and they bite: a forbidden import in a copy of the tree is named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.data import ROOT

SOURCES = ("services/src/cryptostream", "operator/src/cryptostream_operator")
BIN = Path(sys.executable).parent


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """`lint-imports` on the packages below `tree`, under the contracts of this checkout."""
    sources = os.pathsep.join(str(tree / Path(source).parent) for source in SOURCES)
    return subprocess.run(
        [BIN / "lint-imports", "--no-logo", "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": sources},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for source in SOURCES:
        shutil.copytree(ROOT / source, tmp_path / source, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_tree_keeps_its_contracts() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("cryptostream/core/market/chain.py", "import socket", "The core is pure"),
        ("cryptostream/core/market/chain.py", "import requests", "The core is pure"),
        ("cryptostream/core/result.py", "import cryptostream.store", "Running things stand on edges"),
        ("cryptostream/store/__init__.py", "import cryptostream.exchange", "Running things stand on edges"),
        ("cryptostream/core/market/gap.py", "import cryptostream.core.ports", "Inside the core"),
        ("cryptostream/core/resource/spec.py", "import cryptostream.core.stream", "The spec is plain values"),
        ("cryptostream_operator/__init__.py", "import cryptostream.store", "The operator knows"),
    ],
)
def test_a_forbidden_import_is_named(copy: Path, module: str, line: str, broken: str) -> None:
    target = next(copy.glob(f"*/src/{module}"))
    target.write_text(f"{target.read_text()}\n{line}\n")
    done = lint_imports(copy)
    assert done.returncode != 0
    failed = [text for text in done.stdout.splitlines() if " BROKEN" in text]
    assert any(text.startswith(broken) for text in failed), done.stdout + done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "from datetime import UTC, datetime\n\nX = datetime.now(UTC)",
        "import time\n\nX = time.time()",
        "import os\n\nX = os.environ",
        "import random\n\nX = random.random()",
        "import numpy as np\n\nX = np.random.default_rng()",
    ],
)
def test_the_linter_bans_clock_environment_and_chance_from_the_core(line: str) -> None:
    name = ROOT / SOURCES[0] / "core" / "made_up.py"
    done = subprocess.run(
        [BIN / "ruff", "check", "--no-cache", "--output-format", "concise", "--stdin-filename", name, "-"],
        input=line,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TID251" in done.stdout, done.stdout + done.stderr
