"""The contract of tests/contract/test_ledger.py, kept on real servers."""

from tests.contract.test_ledger import *  # noqa: F403 - the suite itself
