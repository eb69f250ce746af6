"""The contract of tests/contract/test_store.py, kept on real servers."""

from tests.contract.test_store import *  # noqa: F403 - the suite itself
