"""What the chart renders, what it refuses, and that an API server takes it."""

from pathlib import Path

import pytest
import yaml

from tests.cluster.chart.rendering import Manifest, apply, manifests, refusal, rendered
from tests.support.data import ROOT
from tests.support.parts.kubernetes import ApiServer
from tests.support.write_chart import CHART, NAMESPACE, PLAIN, helm, plain

EVERYTHING = ("replicas=2", "podMonitor.enabled=true", "sample.enabled=true", 'imagePullSecrets=[{"name":"registry"}]')
SCOPED = (*EVERYTHING, 'namespaces=["market"]', 'kafkaNamespaces=["kafka"]')
BAD = (
    ("replicas", "0"),
    ("replicas", "3"),
    ("replicas", '"1"'),
    ("replica", "1"),
    ("image.pullPolicy", '"Sometimes"'),
    ("image.repository", '"UPPER"'),
    ("image.tag", '"a b"'),
    ("image.digest", '"x"'),
    ("namespaces", '"market"'),
    ("namespaces", '["Market"]'),
    ("namespaces", '["a","a"]'),
    ("kafkaNamespaces", '["*"]'),
    ("imagePullSecrets", '["registry"]'),
    ("operator.workers", "0"),
    ("operator.resyncSeconds", "1"),
    ("operator.logLevel", '"loud"'),
    ("operator.simulated", '"yes"'),
    ("operator.grants", '{"market":["a"]}'),
    ("operator.images.pullPolicy", '"always"'),
    ("crds.enabled", '"true"'),
    ("podMonitor.enable", "true"),
    ("networkPolicy.apiServerPorts", "[]"),
    ("networkPolicy.storePorts", "[70000]"),
    ("resources.request", "{}"),
    ("sample.kafka.name", '"a_b"'),
)


def test_lint() -> None:
    """`helm lint --strict`: no finding."""
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART)).stdout


@pytest.mark.parametrize("settings", [(), EVERYTHING, SCOPED], ids=["default", "everything", "scoped"])
def test_rendering_twice_gives_the_same_bytes(settings: tuple[str, ...]) -> None:
    """Rendering twice gives the same bytes"""
    assert rendered(*settings) == rendered(*settings)


def test_the_plain_manifest_is_current() -> None:
    assert PLAIN.read_text() == plain(), "run `python -m tests.support.write_chart`"


@pytest.mark.parametrize("settings", [(), EVERYTHING, SCOPED], ids=["default", "everything", "scoped"])
def test_the_api_server_takes_all_of_it(chart_api: ApiServer, settings: tuple[str, ...]) -> None:
    for each in manifests(*settings):
        answer = apply(chart_api, each, dry=True)
        assert answer.ok, answer.text


@pytest.mark.parametrize("file", sorted(ROOT.glob("manifests/samples/*.yaml")), ids=lambda file: file.stem)
def test_the_api_server_takes_each_sample(chart_api: ApiServer, file: Path) -> None:
    for each in yaml.safe_load_all(file.read_text()):
        answer = apply(chart_api, each, dry=True)
        assert answer.ok, answer.text


@pytest.mark.parametrize(("setting", "value"), BAD)
def test_a_bad_setting_is_refused_by_name(setting: str, value: str) -> None:
    """Wrong values (`helm install --set` with 30 bad settings) are refused with a message that names the setting."""
    message = refusal(f"{setting}={value}")
    assert all(part in message for part in setting.split(".")), message


def test_no_rule_has_a_wildcard() -> None:
    roles = [each for each in manifests(*SCOPED) + manifests() if each["kind"] in {"Role", "ClusterRole"}]
    assert roles
    assert not [rule for each in roles for rule in each["rules"] if "*" in str(rule)]


def test_a_list_of_namespaces_has_roles_there_and_next_to_nothing_elsewhere() -> None:
    found = manifests(*SCOPED)
    wide = _one(found, "ClusterRole")
    assert {(each["resources"][0], *each["verbs"]) for each in wide["rules"]} == {
        ("customresourcedefinitions", "list", "watch"),
        ("namespaces", "list", "watch"),
    }
    where = {each["metadata"]["namespace"] for each in found if each["kind"] == "Role"}
    assert where == {"market", "kafka", NAMESPACE}


def test_resource_definitions_stay_and_can_be_left_out() -> None:
    crds = [each for each in manifests() if each["kind"] == "CustomResourceDefinition"]
    assert [each["metadata"]["annotations"]["helm.sh/resource-policy"] for each in crds] == ["keep", "keep"]
    assert "CustomResourceDefinition" not in {each["kind"] for each in manifests("crds.enabled=false")}


def _one(found: list[Manifest], kind: str) -> Manifest:
    (each,) = (each for each in found if each["kind"] == kind)
    return each
