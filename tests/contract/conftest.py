from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptostream.core.ports import CandleStore
from tests.contract.providers import BOOKS, LETTERS, LOGS, STORES, Books, Letters, Log


@pytest.fixture(params=sorted(LOGS))
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    with LOGS[request.param](tmp_path / "data") as log:
        yield log


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CandleStore]:
    with STORES[request.param](tmp_path / "data") as store:
        yield store


@pytest.fixture(params=sorted(BOOKS))
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    with BOOKS[request.param](tmp_path / "data") as books:
        yield books


@pytest.fixture(params=sorted(LETTERS))
def letters(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Letters]:
    with LETTERS[request.param](tmp_path / "data") as letters:
        yield letters
