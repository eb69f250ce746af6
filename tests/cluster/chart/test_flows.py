"""NetworkPolicies of the chart and of the operator allow the flows of docs/security.md, and no others."""

from collections.abc import Iterator
from itertools import product

import pytest

from tests.cluster.chart.reachability import UNNAMED, Flow, Manifest, Peer, Port, flows, selects
from tests.cluster.chart.rendering import manifests
from tests.support.data import ROOT
from tests.unit.operating.cases import EXTERNAL, STORE_CASES, STRIMZI, Case

SETTINGS = ("store.create=true", "sample.enabled=true", "simulator.enabled=true", "replicas=2")
KAFKA = Peer("Kafka", "kafka", {"strimzi.io/cluster": "market", "strimzi.io/kind": "Kafka"})
OTHERS = (KAFKA, Peer("other pods", "elsewhere", {"app": "another"}), Peer("outside"))
HEADING = "## What NetworkPolicies allow"
EXCHANGE = {("TCP", 443), ("TCP", 9443)}


def rendered(case: Case) -> list[Manifest]:
    """All that the chart and the operator make."""
    return [*manifests(*SETTINGS), *case.render(), *STORE_CASES[0].render()]


def pods(made: list[Manifest]) -> Iterator[Peer]:
    for each in made:
        template = each if each["kind"] == "Pod" else each.get("spec", {}).get("template", {})
        if "containers" in template.get("spec", {}):
            metadata = each["metadata"]
            name = metadata["name"].rpartition("-")[2]
            yield Peer(name, metadata["namespace"], template["metadata"]["labels"])


def policies(made: list[Manifest]) -> list[Manifest]:
    return [each for each in made if each["kind"] == "NetworkPolicy"]


def documented() -> Iterator[Flow]:
    """The flows of the page."""
    _, _, section = (ROOT / "docs/security.md").read_text().partition(HEADING)
    rows = [line.strip("| ").split(" | ") for line in section.partition("\n## ")[0].splitlines() if line[:1] == "|"]
    for sources, targets, ports in rows[2:]:
        for source, target, port in product(_named(sources), _named(targets), ports.split(", ")):
            protocol, number = port.split()
            yield source, target, (protocol, int(number))


def _named(cell: str) -> list[str]:
    return [each.name for each in OTHERS] if cell == "all others" else cell.split(", ")


STREAMS = {
    "exchange": (Case("", {"kafka": STRIMZI}), EXCHANGE),
    "proxy": (Case("", {"kafka": STRIMZI, "egress": {"proxyUrl": "http://proxy.example:3128"}}), {("TCP", 3128)}),
}


@pytest.mark.parametrize(("case", "beyond"), STREAMS.values(), ids=STREAMS)
def test_exactly_the_flows_of_the_page(case: Case, beyond: set[Port]) -> None:
    """The rendered NetworkPolicies allow exactly the flows of `docs/security.md` (a test computes reachability from
    the policies)"""
    made = rendered(case)
    found = set(flows(policies(made), [*pods(made), *OTHERS]))
    wanted = {
        (source, target, each)
        for source, target, port in documented()
        for each in (beyond if source == "producer" and port in EXCHANGE else {port})
    }
    assert found == wanted, sorted(found ^ wanted)


def test_nothing_is_open_by_default() -> None:
    """together default deny: each pod has a policy for both directions"""
    made = rendered(Case("", {"kafka": STRIMZI}))
    for pod in pods(made):
        chosen = [each["spec"]["policyTypes"] for each in policies(made) if selects(each, pod)]
        assert chosen == [["Ingress", "Egress"]], pod


def test_a_kafka_and_a_store_elsewhere_are_reached_by_their_ports() -> None:
    made = rendered(Case("", {"kafka": {"bootstrap": "kafka-1:9092,kafka-2:9093", "authentication": "None"}}, EXTERNAL))
    found = set(flows(policies(made), [*pods(made), *OTHERS]))
    reached = {(source, port) for source, target, port in found if target == "outside" and source == "consumer"}
    assert reached == {("consumer", (kind, port)) for kind, port in (("UDP", 53), ("TCP", 53))} | {
        ("consumer", ("TCP", port)) for port in (9092, 9093, 8086)
    }


def test_without_a_policy_all_is_open() -> None:
    """So that the first test proves something."""
    made = [each for each in rendered(Case("", {"kafka": STRIMZI})) if "producer" not in each["metadata"]["name"]]
    found = set(flows(policies(made), [Peer("producer", "market"), *pods(made), *OTHERS]))
    assert ("producer", "influxdb", ("TCP", 8086)) in found
    assert ("producer", "influxdb", UNNAMED) not in found
