"""The page of the simulator names every fault, and its example runs."""

import re

import pytest

from cryptostream.simulator.faults import Faults
from tests.support.data import ROOT


def test_every_fault_is_documented() -> None:
    page = (ROOT / "docs/simulator.md").read_text()
    named = set(re.findall(r"`([a-z_0-9]+)", page[page.index("## Faults") :]))
    assert set(Faults.__struct_fields__) <= named


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/simulator.md").read_text(), re.DOTALL)
    exec(compile(example, "docs/simulator.md", "exec"), {})
    assert re.fullmatch(r"http://127.0.0.1:\d+ ws://127.0.0.1:\d+\n", capsys.readouterr().out)
