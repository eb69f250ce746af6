"""What all tests share. Warnings are errors and long tests are left out: see pyproject.toml."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.data import shared_data_dir

# A busy machine is no fault of the code under test.
_PATIENT = [HealthCheck.too_slow]
settings.register_profile("default", deadline=None, suppress_health_check=_PATIENT)
settings.register_profile("ci", deadline=None, suppress_health_check=_PATIENT, derandomize=True, print_blob=True)
settings.register_profile("thorough", deadline=None, suppress_health_check=_PATIENT, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the files of tests/data/children anew")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded data (its README.md says what is in it)."""
    folder = shared_data_dir()
    if folder is None:
        pytest.skip("no recorded data: set CRYPTOSTREAM_SHARED_DATA or put it at ../shared/data")
    return folder
