import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.data import ROOT
from tests.support.resources import CORPUS, document, documents, faults_of

PAGE = (ROOT / "docs/resource.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
WHOLE = ("every-field", "store-with-everything", "store-of-somebody-else")
OTHER_CHOICES = {"symbols", "startTime", "pollSeconds", "bootstrap", "secretName", "managed", "external", "key"}
"""Fields that exclude one that the whole examples have."""


def example(block: str) -> dict[str, Any]:
    """A whole resource: pieces of the page belong under `spec`."""
    piece: dict[str, Any] = yaml.safe_load(block)
    if "apiVersion" in piece:
        return piece
    return document(**({"coins": None} if "symbols" in piece else {}) | piece)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_is_right(block: str) -> None:
    assert faults_of(example(block)) == ()


def test_the_page_has_examples() -> None:
    assert len(BLOCKS) >= 12


def objects(value: object, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for name, child in value.items():
            yield from objects(child, f"{path}.{name}")
    if isinstance(value, list):
        for child in value:
            yield from objects(child, f"{path}[]")


def judged() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(path, object, resource) of each object below a `spec` whose fields are ours to judge."""
    for name in WHOLE:
        (resource,) = documents(CORPUS / f"good/{name}.yaml")
        for path, each in objects(resource["spec"], "spec"):
            if not re.search(r"\.pod\.|\.params|\.resources", path):
                yield path, each, resource


def known_fields(each: dict[str, Any], resource: dict[str, Any]) -> set[str]:
    """The fields that there are, as the remedy for an unknown one lists them."""
    each["§§§"] = 1
    (fault,) = faults_of(resource)
    del each["§§§"]
    return set(fault.remedy.removeprefix("remove it; there are ").split(", "))


def test_the_whole_examples_have_every_field() -> None:
    written, known = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for path, each, resource in judged():
        written[path] |= set(each)
        known[path] |= known_fields(each, resource)
    assert len(known) > 15
    assert not {path: left for path, names in known.items() if (left := names - written[path] - OTHER_CHOICES)}


def test_every_field_is_in_the_tables() -> None:
    described = set(re.findall(r"`(spec[^`]*)`", PAGE))
    for path, each, resource in judged():
        for name in known_fields(each, resource):
            field = f"{path}.{name}"
            in_a_pod = path.endswith(".pod") and f"`{name}`" in PAGE
            assert in_a_pod or any(
                each == field or each.startswith((f"{field}.", f"{field}[")) for each in described
            ), field
