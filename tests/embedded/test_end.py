"""A run whose store has gone ends with a fault, and ends: it does not wait for room that nobody makes."""

from pathlib import Path

import pytest

from cryptostream.core.market.interval import SECOND
from tests.support.embedded import running


def lose_the_store(folder: Path) -> None:
    with running(folder, source={"history": {"seconds": 60}}) as run:
        run.settle()
        run.parts.store.close()
        run.pass_time(600 * SECOND)


def test_a_store_that_has_gone_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"closed|store|ledger"):
        lose_the_store(tmp_path)
