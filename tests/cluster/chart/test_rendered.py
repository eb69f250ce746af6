"""What the chart renders, what it refuses, and that an API server takes it."""

import json
import re

import msgspec
import pytest
import yaml

from cryptostream_operator.effects.settings import Told
from tests.cluster.chart.rendering import EVERYTHING, SCOPED, VALUES, Manifest, apply, manifests, refusal, rendered
from tests.support.parts.kubernetes import ApiServer
from tests.support.write_chart import CHART, KUSTOMIZATION, NAMESPACE, PLAIN, helm, kustomization, plain

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
    ("prometheusRule.runbooks", '"runbooks"'),
    ("networkPolicy.apiServerPorts", "[]"),
    ("networkPolicy.storePorts", "[70000]"),
    ("resources.request", "{}"),
    ("leader.leaseSeconds", "1"),
    ("serviceMonitor.enabled", '"yes"'),
    ("store.create", '"yes"'),
    ("store.spec", '{"manged":{}}'),
    ("kafka.brokers", "2"),
    ("kafka.storage", '"much"'),
    ("kafka.allowedNamespaces", '["*"]'),
    ("simulator.enable", "true"),
    ("sample.name", '"a.b"'),
    ("sample.kafka.name", '"a_b"'),
    ("sample.egress.proxyUrl", '"http://user:secret@proxy:3128"'),
)
TOGETHER = (
    ("store.create", ("store.create=true", 'namespaces=["market"]')),
    ("sample.enabled", ("sample.enabled=true", 'namespaces=["market"]')),
    ("kafka.create", ("kafka.create=true", 'namespaces=["market"]')),
    ("serviceMonitor.enabled", ("serviceMonitor.enabled=true", "podMonitor.enabled=true")),
    (
        "sample.egress.proxyUrl",
        ("simulator.enabled=true", "sample.enabled=true", 'sample.egress.proxyUrl="http://proxy:3128"'),
    ),
)


def test_lint() -> None:
    """`helm lint --strict`: no finding."""
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART)).stdout


@pytest.mark.parametrize("settings", VALUES.values(), ids=VALUES)
def test_rendering_twice_gives_the_same_bytes(settings: tuple[str, ...]) -> None:
    """Rendering twice gives the same bytes"""
    assert rendered(*settings) == rendered(*settings)


def test_the_plain_manifest_is_current() -> None:
    assert PLAIN.read_text() == plain(), "run `python -m tests.support.write_chart`"
    assert KUSTOMIZATION.read_text() == kustomization(), "run `python -m tests.support.write_chart`"


@pytest.mark.parametrize("settings", VALUES.values(), ids=VALUES)
def test_the_api_server_takes_all_of_it(chart_api: ApiServer, settings: tuple[str, ...]) -> None:
    for each in manifests(*settings):
        answer = apply(chart_api, each, dry=True)
        assert answer.ok, answer.text


@pytest.mark.parametrize(("setting", "value"), BAD)
def test_a_bad_setting_is_refused_by_name(setting: str, value: str) -> None:
    """Wrong values (`helm install --set` with 30 bad settings) are refused with a message that names the setting."""
    message = refusal(f"{setting}={value}")
    assert all(part in message for part in setting.split(".")), message


@pytest.mark.parametrize(("setting", "settings"), TOGETHER, ids=[each for each, _ in TOGETHER])
def test_settings_that_do_not_go_together_are_refused_by_name(setting: str, settings: tuple[str, ...]) -> None:
    assert f"{setting}: " in refusal(*settings)


def test_a_kafka_needs_strimzi() -> None:
    assert "kafka.create: Strimzi's resource definitions" in refusal("kafka.create=true", discovered="")


def test_the_api_server_takes_the_store_and_the_sample(chart_api: ApiServer) -> None:
    """optional: a Strimzi `Kafka` + `KafkaNodePool` (`kafka.create`), a `CandleStore` (`store.create`), the simulator
    (`simulator.enabled`, a demonstration without the exchange), sample streams, grants for namespaces."""
    resources = documents(manifests(*EVERYTHING))
    for each in resources:
        answer = apply(chart_api, each, dry=True)
        assert answer.ok, answer.text
    store, sample = resources
    assert store["spec"] == {"managed": {}}
    exchange = f"//cryptostream-simulator.{NAMESPACE}.svc:9010"
    assert sample["spec"]["source"]["endpoints"] == {"rest": [f"http:{exchange}"], "stream": [f"ws:{exchange}"]}
    assert sample["spec"]["kafka"]["cluster"] == {"name": "market", "namespace": NAMESPACE}
    assert sample["spec"]["egress"] == {"caSecretName": "private"}


def test_a_store_elsewhere_is_not_managed_too() -> None:
    external = {"url": "https://influxdb.example.org", "org": "market", "tokenSecretRef": {"name": "token"}}
    (store,) = documents(manifests("store.create=true", f"store.spec={json.dumps({'external': external})}"))
    assert store["spec"] == {"external": external}


def test_what_the_sample_says_itself_is_left_alone() -> None:
    own = {"coins": ["SOL"], "kafka": {"bootstrap": "broker.example.org:9093"}, "suspend": True}
    (sample,) = documents(manifests("sample.enabled=true", f"sample.spec={json.dumps(own)}"))
    assert sample["spec"]["coins"] == ["SOL"]
    assert sample["spec"]["suspend"] is True
    assert sample["spec"]["kafka"] == own["kafka"]


def test_the_operator_is_told_of_lease_and_simulation() -> None:
    made = manifests("leader.leaseSeconds=30", "simulator.enabled=true")
    (config,) = (each for each in made if "operator.yaml" in each.get("data", {}))
    told = yaml.safe_load(config["data"]["operator.yaml"])
    assert (told["simulated"], told["leader"]["leaseSeconds"]) == (True, 30)
    assert msgspec.convert(told, Told).leader.lease_seconds == 30


def test_its_alerts_are_those_of_the_file_and_lead_to_the_pages_that_are_named() -> None:
    """System alerts as PrometheusRule"""
    wiki = "https://wiki.example.org/runbooks"
    made = manifests("prometheusRule.enabled=true", f'prometheusRule.runbooks="{wiki}"')
    (rules,) = (each["spec"]["groups"] for each in made if each["kind"] == "PrometheusRule")
    text = (CHART / "alerts.yaml").read_text()
    (before,) = {url.rpartition("/")[0] for url in re.findall(r"runbook_url: (\S+)", text)}
    assert rules == yaml.safe_load(text.replace(before, wiki))["groups"]
    assert "PrometheusRule" not in {each["kind"] for each in manifests()}


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


def documents(made: list[Manifest]) -> list[Manifest]:
    """The store and the sample, which a Job applies."""
    (config,) = (each for each in made if "resources.yaml" in each.get("data", {}))
    return [each for each in yaml.safe_load_all(config["data"]["resources.yaml"]) if each]


def _one(found: list[Manifest], kind: str) -> Manifest:
    (each,) = (each for each in found if each["kind"] == kind)
    return each
