"""The page of the simulator names every fault."""

import re

from cryptostream.simulator.faults import Faults
from tests.support.data import ROOT


def test_every_fault_is_documented() -> None:
    page = (ROOT / "docs/simulator.md").read_text()
    named = set(re.findall(r"`([a-z_0-9]+)", page[page.index("## Faults") :]))
    assert set(Faults.__struct_fields__) <= named
