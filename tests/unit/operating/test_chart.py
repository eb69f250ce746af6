"""The chart's generated files, and that the operator understands what the chart tells it."""

from tests.support.write_chart import CHART, definitions, readme

CURRENT = "run `python -m tests.support.write_chart`"


def test_the_resource_definitions_of_the_chart_are_those_of_crds() -> None:
    assert {file: file.read_text() for file in definitions()} == definitions(), CURRENT


def test_the_readme_of_the_chart_is_that_of_its_values() -> None:
    assert (CHART / "README.md").read_text() == readme(), CURRENT
