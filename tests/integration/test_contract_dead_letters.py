"""The contract of tests/contract/test_dead_letters.py, kept on real servers."""

from tests.contract.test_dead_letters import *  # noqa: F403 - the suite itself
