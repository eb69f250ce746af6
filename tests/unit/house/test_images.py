"""The images are built of what the rest of the house uses."""

import re

import pytest

from tests.support.data import ROOT

PLACES = (("Dockerfile", "ARG UV_VERSION=(.+)"), ("tests/parts/wheels/build", r"version=(\S+).*"))


@pytest.mark.parametrize(("file", "line"), PLACES)
def test_one_version_of_uv_builds_everything(file: str, line: str) -> None:
    wanted = re.findall(r"^UV_VERSION := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(f"^{line}$", (ROOT / file).read_text(), re.MULTILINE) == wanted != []
