"""`helm install` in a namespace under Pod Security `restricted`: what a user sees of it, in that order."""

import json
from typing import Any

import pytest

from tests.e2e.release import OPERATING, SIMULATOR
from tests.e2e.world import COINS, INTERVALS, NAME, NAMESPACE, World
from tests.support.parts.kubectl import Kubectl

HERE = f"--namespace={NAMESPACE}"
STREAM = f"cryptostream/{NAME}"
NEWEST = ("cryptostream", "newest", "--config", "/etc/cryptostream/config/config.json", "--json")
SCHEMES = {"rest": "http", "stream": "ws"}
pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("world")]


def test_the_sample_becomes_ready(kubectl: Kubectl) -> None:
    """images → `helm install` with simulator and store → sample → `kubectl wait Ready`

    The Kafka is the chart's, too; the broker behind it is one of the tests.
    """
    labels = kubectl.get("namespace", NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    kubectl.wait("condition=Ready", STREAM, HERE, patience=180)
    assert kubectl.get("candlestore", "default", HERE)["spec"]["managed"] is not None


def test_candles_are_in_both_buckets_as_a_pod_sees_them(kubectl: Kubectl) -> None:
    """candles in both buckets, queried from a pod"""
    told: list[dict[str, Any]] = json.loads(kubectl("exec", f"deployment/{NAME}-consumer", HERE, "--", *NEWEST))
    assert {(each["symbol"], each["interval"]) for each in told} == {
        (f"{coin}USDC", interval) for coin in COINS for interval in INTERVALS
    }
    assert all(each["close"] > 0 and each["indicators"]["sma5"] > 0 for each in told)


def test_helm_test_finds_operator_and_stream_well(world: World, kubectl: Kubectl) -> None:
    """`helm test`: with rights of its own, which are gone afterwards."""
    said = world.release.test()
    assert f"http://{OPERATING}.{NAMESPACE}.svc:8080/readyz: 200" in said
    assert f"CryptoStream {NAMESPACE}/{NAME}: Ready=True" in said
    left = kubectl.get("serviceaccounts,roles,rolebindings,networkpolicies", HERE)["items"]
    assert "cryptostream-test" not in {each["metadata"]["name"] for each in left}


def test_a_settled_release_shows_no_difference(world: World, kubectl: Kubectl) -> None:
    """a settled release shows no difference (Argo CD, Flux): nobody changes what Helm has made."""
    assert kubectl("diff", "--filename=-", given=world.release.manifest()) == ""


def test_candles_are_marked_and_come_from_the_simulator(kubectl: Kubectl) -> None:
    """the simulator (`simulator.enabled`, a demonstration without the exchange)"""
    source = kubectl.get(STREAM, HERE)["spec"]["source"]["endpoints"]
    assert source == {kind: [f"{scheme}://{SIMULATOR}.{NAMESPACE}.svc:9010"] for kind, scheme in SCHEMES.items()}
    assert '"simulated":true' in kubectl("logs", f"deployment/{NAME}-producer", HERE, "--tail=50").replace(" ", "")
