"""The contract of tests/contract/test_log.py, kept on real servers."""

from tests.contract.test_log import *  # noqa: F403 - the suite itself
