"""What a Prometheus reads from the pods."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.world import COINS, INTERVALS, NAME, NAMESPACE
from tests.support.parts.fixtures import having
from tests.support.parts.kubectl import Kubectl
from tests.support.parts.process import wait_for
from tests.support.parts.prometheus import Prometheus

SERIES = {(f"{coin}USDC", interval) for coin in COINS for interval in INTERVALS}
HERE = f"--namespace={NAMESPACE}"
RUNNING = "--field-selector=status.phase=Running"
pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("world")]


def pages(kubectl: Kubectl) -> dict[str, str]:
    """Where each pod has a port `http`, as the PodMonitors of operator and stream name it; by its container."""
    return {
        container["name"]: f"{pod['status']['podIP']}:{port['containerPort']}"
        for pod in kubectl.get("pods", HERE, RUNNING)["items"]
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
        if port.get("name") == "http"
    }


@pytest.fixture
def prometheus(tmp_path: Path, kubectl: Kubectl) -> Iterator[Prometheus]:
    kubectl.wait("condition=Ready", f"cryptostream/{NAME}", HERE, patience=180)
    with having():
        prometheus = Prometheus(tmp_path / "prometheus", pages(kubectl))
    with prometheus:
        yield prometheus.start()


def test_metrics_of_operator_and_pods_are_scraped(prometheus: Prometheus) -> None:
    """metrics scraped by a real Prometheus started beside"""
    up = dict.fromkeys(("operator", "producer", "consumer"), "up")
    wait_for(lambda: prometheus.targets() == up, "all are scraped")
    wait_for(lambda: len(prometheus.ask("up == 1")) == 3, "and can be asked for")
    fresh = prometheus.ask("cryptostream_freshness_seconds")
    assert {(labels["symbol"], labels["interval"]) for labels, _ in fresh} >= SERIES
    assert [value for _, value in prometheus.ask("cryptostream_operator_leads")] == [1.0]
    stored = 'sum(cryptostream_candles_total{stage="stored",outcome="stored"})'
    ((_, first),) = prometheus.ask(stored)
    wait_for(lambda: prometheus.ask(stored)[0][1] > first, "more candles are stored")
    assert not prometheus.ask("cryptostream_unaccounted_records != 0")
