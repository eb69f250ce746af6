import re

from cryptostream.core.indicators.catalogue import compile_indicators, functions
from cryptostream.core.indicators.reference import reference
from cryptostream.core.indicators.refused import REFUSED
from cryptostream.core.resource.spec import IndicatorSpec
from cryptostream.core.result import Ok
from tests.support.data import ROOT
from tests.unit.indicators.support import compiled, declared

PAGE = ROOT / "docs" / "indicators.md"
MARK = "<!-- What follows is printed by: python -m cryptostream.core.indicators.reference -->"


def test_the_page_is_up_to_date() -> None:
    _, generated = PAGE.read_text().split(MARK)
    assert generated.strip() == reference().strip(), f"replace what follows the mark in {PAGE.name}"


def test_every_function_is_on_the_page() -> None:
    assert [name for name in (*functions(), *REFUSED) if f"`{name}`" not in reference()] == []


def test_the_windows_that_the_page_names() -> None:
    text = " ".join(PAGE.read_text().split())
    named = {"EMA 20": 207, "EMA 200": 2072, "RSI 14": 325}
    for case, window in named.items():
        function, periods = case.split()
        (indicator,) = compiled(declared("x", function, timeperiod=int(periods)))
        assert indicator.window == window
    (macd,) = compiled(declared("x", "MACD"))
    assert "207 for n = 20, 2072 for n = 200" in text
    assert f"325 for RSI(14), {macd.window} for MACD" in text


def test_the_example_compiles() -> None:
    lines = re.findall(r"- \{name: (\w+), function: (\w+)", PAGE.read_text())
    assert [name for name, _ in lines] == ["sma20", "bb", "trend", "turnover"]
    specs = tuple(IndicatorSpec(name, function) for name, function in lines)
    assert isinstance(compile_indicators(specs, ("1m",)), Ok)
