"""The alerts are complete: severity, time, words, a runbook, metrics that exist; their page is in step."""

import re

import pytest

from cryptostream_operator.effects.metrics import CATALOGUE as OF_OPERATOR
from tests.support.write_alerts_reference import PAGE, RULES, RUNBOOKS, alerts, page, runbook
from tests.support.write_metrics_reference import of_streams

HEADINGS = ("## What it means", "## How to see", "## What to do")
ALERTS = {each["alert"]: each for each in alerts()}


def test_the_page_of_alerts_is_in_step_with_the_rules() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.support.write_alerts_reference`"


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_has_severity_words_and_a_runbook(name: str) -> None:
    """each with severity, `for`, a message a person understands at night, and a runbook page"""
    alert = ALERTS[name]
    assert alert["labels"]["severity"] in {"warning", "critical"}
    assert re.fullmatch(r"\d+[mh]", alert.get("for", "0m"))
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    assert runbook(alert).stem == name
    text = runbook(alert).read_text()
    assert [line for line in text.splitlines() if line.startswith("#")] == [f"# {name}", *HEADINGS]


def test_no_runbook_is_without_its_alert() -> None:
    assert {file.stem for file in RUNBOOKS.glob("*.md")} == set(ALERTS)


def test_rules_and_runbooks_ask_for_metrics_that_exist() -> None:
    known = {each.exposed for each in (*of_streams(), *OF_OPERATOR)}
    known |= {f"{name}_bucket" for name in known}
    for file in (RULES, *RUNBOOKS.glob("*.md")):
        asked = set(re.findall(r"\bcryptostream_[a-z_]+[a-z]\b", file.read_text()))
        assert asked <= known, file
