"""Files that hold what a program is to make. `pytest --update-golden` writes them anew; look at the difference."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml


def assert_golden(request: pytest.FixtureRequest, file: Path, documents: Iterable[object]) -> None:
    """`documents`, as YAML, are what stands in `file`."""
    text = yaml.safe_dump_all(documents, sort_keys=False, width=120, allow_unicode=True)
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert file.exists(), f"{file} is not there: pytest --update-golden"
    assert text == file.read_text(), f"{file} differs: look at the change, then pytest --update-golden"
