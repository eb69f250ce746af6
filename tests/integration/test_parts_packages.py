"""Debian packages that parts lack are installed where tests run as root, and an installation that fails says why."""

import os
from pathlib import Path

import pytest

from tests.support.parts.cache import Tool, UnavailableError
from tests.support.parts.packages import install, installable

TOOLS = (Tool("one", "get it", "package-one"), Tool("two", "get it", "package-one"), Tool("three", "build it"))


@pytest.fixture
def apt_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that writes down what it is told, and cannot find `nowhere`."""
    script = tmp_path / "apt-get"
    script.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/told\n! echo "$@" | grep nowhere\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "told"


def test_each_package_is_installed_once(apt_get: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    packages = installable(TOOLS)
    assert packages == ["package-one"]
    install(packages)
    update, installed = apt_get.read_text().splitlines()
    assert update.endswith(" update")
    assert installed.endswith(" install --no-install-recommends package-one")


def test_who_is_not_root_installs_nothing(apt_get: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert installable(TOOLS) == []
    assert not apt_get.exists()


def test_a_package_that_cannot_be_had_is_told(apt_get: Path) -> None:
    with pytest.raises(UnavailableError, match=r"(?s)nowhere could not be installed; apt-get ends with.*nowhere"):
        install(["nowhere"])
    assert apt_get.exists()
