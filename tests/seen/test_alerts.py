"""Every alert fires when it must and stays quiet when nothing is wrong: promtool evaluates the rules."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cryptostream.core.market.series import Series
from cryptostream.observe.metrics import Metrics
from cryptostream_operator.effects.metrics import Metrics as OperatorMetrics
from tests.support.data import ROOT
from tests.support.metric_series import amiss
from tests.support.parts.cache import built
from tests.support.parts.catalogue import PROMETHEUS
from tests.support.parts.fixtures import having
from tests.support.write_alerts_reference import RULES, alerts

DATA = ROOT / "tests/data/alerts"
WELL = {"leads": "1x2000", "canary_age_seconds": "5x2000"}
FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'
Case = Mapping[str, Any]
WRITTEN: list[Case] = yaml.safe_load((DATA / "written.yaml").read_text())
RECORDED: list[Case] = yaml.safe_load((DATA / "recorded.yaml").read_text())


@pytest.fixture(autouse=True)
def promtool() -> None:
    with having():
        built(PROMETHEUS)


def run(*arguments: str | Path, fed: str | None = None) -> None:
    """Run promtool; what it complains of fails the test."""
    done = subprocess.run(["promtool", *arguments], input=fed, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert fed is None or not done.stdout + done.stderr, done.stdout + done.stderr


def evaluate(folder: Path, interval: str, series: Mapping[str, str], fires: Mapping[str, list[str]]) -> None:
    """At each time exactly these alerts fire."""
    expected = [
        {"expr": FIRING, "eval_time": at, "exp_samples": [_sample(name) for name in names]}
        for at, names in fires.items()
    ]
    given = [{"series": name, "values": values} for name, values in series.items()]
    test = {"interval": interval, "input_series": given, "promql_expr_test": expected}
    file = folder / "test.json"
    file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": interval, "tests": [test]}))
    run("test", "rules", file)


def operator(values: Mapping[str, str]) -> dict[str, str]:
    return {f'cryptostream_operator_{name}{{instance="one"}}': each for name, each in values.items()}


def _sample(name: str) -> dict[str, object]:
    return {"labels": f'{{alertname="{name}"}}', "value": 1}


@pytest.mark.parametrize("case", WRITTEN, ids=[each["name"] for each in WRITTEN])
def test_alerts_on_what_was_written(case: Case, tmp_path: Path) -> None:
    """promtool unit tests that fire and that do not"""
    series = {**operator(case.get("operator", WELL)), **case["series"]}
    evaluate(tmp_path, case.get("interval", "1m"), series, case["fires"])


@pytest.mark.parametrize("case", RECORDED, ids=[each["name"] for each in RECORDED])
def test_alerts_on_what_was_recorded(case: Case, tmp_path: Path) -> None:
    """input series are recorded from the fault itself and from a healthy run"""
    recorded = yaml.safe_load((DATA / f"recorded/{case['name']}.yaml").read_text())
    series = {each["series"]: each["values"] for each in recorded}
    evaluate(tmp_path, "30s", {**operator(WELL), **series}, case["fires"])


def test_every_alert_fires_in_a_test_and_is_quiet_in_another() -> None:
    cases = [*WRITTEN, *RECORDED]
    fired = {name for case in cases for names in case["fires"].values() for name in names}
    assert fired == {each["alert"] for each in alerts()}
    assert any(not names for names in next(each for each in RECORDED if each["name"] == "healthy")["fires"].values())


def test_rules_are_well_formed() -> None:
    run("check", "rules", RULES)


def test_metrics_pass_promtools_lint() -> None:
    """promtool's metric lint is clean"""
    metrics = Metrics("market.majors", lambda: 0, simulated=True)
    amiss(metrics, Series("BTCUSDC", "1m"))
    run("check", "metrics", fed=metrics.render().decode())
    run("check", "metrics", fed=OperatorMetrics().text().decode())
