"""Writes docs/alerts.md anew: `python -m tests.support.write_alerts_reference`, after a change of the rules."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.data import ROOT

RULES = ROOT / "helm/cryptostream/alerts.yaml"
PAGE = ROOT / "docs/alerts.md"
RUNBOOKS = ROOT / "docs/runbooks"
HEAD = """# Alerts

Made from `helm/cryptostream/alerts.yaml` by `python -m tests.support.write_alerts_reference`: do not edit. That file
is plain Prometheus rules; with `prometheusRule.enabled=true` the chart makes a `PrometheusRule` of it. It serves all
streams: the label `stream` says which one is meant, so the operator makes no rules of its own for each.

The metrics are in [metrics.md](metrics.md). `critical`: data is late, lost or soon will be. `warning`: look at it
today.

| alert | severity | after | says |
|---|---|---|---|
"""


def alerts() -> list[Mapping[str, Any]]:
    """All alerts, in the order of the file."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def runbook(alert: Mapping[str, Any]) -> Path:
    """The page that its annotation leads to."""
    return RUNBOOKS / str(alert["annotations"]["runbook_url"]).rpartition("/")[2]


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_row(each) for each in alerts())


def _row(alert: Mapping[str, Any]) -> str:
    name, said = alert["alert"], alert["annotations"]["summary"].replace("{{ $labels.", "<").replace(" }}", ">")
    return f"| [{name}](runbooks/{name}.md) | {alert['labels']['severity']} | {alert.get('for', '0m')} | `{said}` |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
