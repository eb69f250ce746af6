from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptostream.core.ports import CandleStore
from tests.contract.providers import Books, Letters, Log
from tests.integration.providers import BOOKS, LETTERS, LOGS, STORES, Parts
from tests.support.parts.fixtures import *  # noqa: F403 - pytest finds fixtures by their names


@pytest.fixture
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> Parts:
    return Parts(request.getfixturevalue, tmp_path)


@pytest.fixture(params=sorted(LOGS))
def log(request: pytest.FixtureRequest, parts: Parts) -> Iterator[Log]:
    with LOGS[request.param](parts) as log:
        yield log


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, parts: Parts) -> Iterator[CandleStore]:
    with STORES[request.param](parts) as store:
        yield store


@pytest.fixture(params=sorted(BOOKS))
def books(request: pytest.FixtureRequest, parts: Parts) -> Iterator[Books]:
    with BOOKS[request.param](parts) as books:
        yield books


@pytest.fixture(params=sorted(LETTERS))
def letters(request: pytest.FixtureRequest, parts: Parts) -> Iterator[Letters]:
    with LETTERS[request.param](parts) as letters:
        yield letters
