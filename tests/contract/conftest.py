from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.providers import LOGS, STORES, Log, Parts


@pytest.fixture(params=sorted(LOGS))
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    with LOGS[request.param]() as log:
        yield log


@pytest.fixture(params=sorted(STORES))
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Parts]:
    with STORES[request.param](tmp_path / "data") as parts:
        yield parts
