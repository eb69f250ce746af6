"""What is in the images, and what is not, as their archives have it."""

import json
import re
import tarfile
from collections.abc import Iterator
from typing import IO, Any

import pytest

from tests.support.parts.cache import built
from tests.support.parts.catalogue import IMAGES
from tests.support.parts.fixtures import having

# What builds, and what building leaves behind.
TOOLS = re.compile(r"(usr/)?(local/)?bin/(cc|gcc|g\+\+|make|cargo|go|git|uv)")
LEFT = re.compile(r"(build|wheels|root/\.cache|var/lib/apt/lists|opt/cryptostream/lib/[^/]+/site-packages/pip)/.+")


@pytest.fixture(params=["services", "operator"])
def archive(request: pytest.FixtureRequest) -> Iterator[tarfile.TarFile]:
    with having(), tarfile.open(built(IMAGES) / f"{request.param}.tar") as archive:
        yield archive


def opened(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    assert found is not None
    return found


def test_an_image_has_what_runs_and_no_more(archive: tarfile.TarFile) -> None:
    """[Images] … non-root numeric user, no compiler or cache left."""
    told: dict[str, Any] = json.load(opened(archive, "manifest.json"))[0]
    config = json.load(opened(archive, told["Config"]))["config"]
    assert config["User"] == "10001:10001"
    names = {name for layer in told["Layers"] for name in _names(opened(archive, layer))}
    assert "opt/cryptostream/bin/python" in names
    assert not {name for name in names if TOOLS.fullmatch(name) or LEFT.fullmatch(name)}
    assert not any("INDEX" in each or "WHEELS" in each for each in config["Env"])


def _names(layer: IO[bytes]) -> list[str]:
    with tarfile.open(fileobj=layer) as files:
        return [each.removeprefix("./") for each in files.getnames()]
