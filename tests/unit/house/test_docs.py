"""The documents tell of files, targets and links that exist."""

import doctest
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.data import ROOT
from tests.support.house import sources

PACKAGE = ROOT / "services/src/cryptostream"
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|#)([^)#\s]+)[^)]*\)")
TARGET = re.compile(r"(?:^ +|`)make ([a-z0-9-]+)", re.MULTILINE)


def concept_rows() -> list[tuple[str, str]]:
    """(concept, file) of the table that ends the architecture page."""
    text = (ROOT / "docs/architecture.md").read_text()
    table = text[text.index("## Concept → file") :]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]
    return [(row[0], name) for row in rows[2:] for name in re.findall(r"`([^`]+)`", row[1])]


def test_the_architecture_page_ends_with_its_table() -> None:
    assert len(concept_rows()) >= 20


@pytest.mark.parametrize(("concept", "file"), concept_rows())
def test_each_concept_has_its_file(concept: str, file: str) -> None:
    assert (PACKAGE / file).exists() or (ROOT / file).exists(), f"{concept}: {file}"


@pytest.mark.parametrize("page", sources(".md"), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert not [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_targets_that_are_named_exist(page: str) -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    known = set(TARGET.findall(done.stdout))
    named = set(TARGET.findall((ROOT / page).read_text()))
    assert named, page
    assert named <= known


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs/decisions"
    listed = (folder / "README.md").read_text()
    assert not [file.name for file in folder.glob("0*.md") if f"({file.name})" not in listed]


def test_the_examples_of_the_functional_page_are_true() -> None:
    failed, tried = doctest.testfile(str(ROOT / "docs/functional.md"), module_relative=False)
    assert tried > 20
    assert failed == 0
