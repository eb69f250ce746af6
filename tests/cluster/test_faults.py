"""The operator is killed, the API server restarts, slows down, refuses, loses watches: it always converges."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.conftest import CRDS, NAMESPACES, USERS, install_crds
from tests.cluster.running import STREAM, STRIMZI, Cluster, Manifest, OperatorProcess, settled, stream
from tests.cluster.strimzi_answers import Strimzi, answering, kafka
from tests.support.parts.cache import ensure
from tests.support.parts.catalogue import NEIGHBOURS
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.process import wait_for
from tests.support.parts.proxy import Proxy

OWNED = (("v1", "ConfigMap"), ("v1", "Service"), ("apps/v1", "Deployment"), ("networking.k8s.io/v1", "NetworkPolicy"))
USER = "second"


@pytest.fixture
def near(
    neighbours: ApiServer, strimzi: Strimzi, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[OperatorProcess, Proxy]]:
    """An operator for the namespace `unserved` alone, with a link to the API server that can be broken.

    Its Lease is short where it is killed, so that the next one need not wait, and outlasts a link that is cut.
    """
    del strimzi
    Cluster(neighbours).apply(kafka(**{"cryptostream.io/allowed-namespaces": "market,unserved"}))
    told = {
        "namespaces": ["unserved"],
        "kafkaNamespaces": ["kafka"],
        "leader": {"namespace": "unserved", "leaseSeconds": 3 if "killed" in request.node.name else 30},
        "deletionPatienceSeconds": 6,
    }
    with Proxy(neighbours.port) as proxy:
        operator = OperatorProcess(neighbours, tmp_path, USER, server=f"https://{proxy.address}", told=told)
        with operator.start():
            wait_for(operator.leads, "it leads")
            yield operator, proxy
            proxy.heal()
        assert "Traceback" not in operator.log.read_text(), operator.log.read_text()


def whole(cluster: Cluster, name: str) -> bool:
    """Whether all that can be made without InfluxDB is there, once."""
    if cluster.condition(name, "KafkaReady", "unserved").get("status") != "True":
        return False
    label = f"cryptostream.io/stream={name}"
    counts = [len(cluster.find(version, kind, "unserved", label)) for version, kind in OWNED]
    return counts == [3, 2, 1, 2]


def left(cluster: Cluster, name: str) -> list[str]:
    """What is left of a stream that nobody would remove."""
    found: list[Manifest] = []
    for version, kind in ((STRIMZI, "KafkaTopic"), (STRIMZI, "KafkaUser"), ("v1", "Secret")):
        found += cluster.find(version, kind, "kafka")
    owner = f"unserved/{name}"
    beside = [each for each in found if each["metadata"].get("annotations", {}).get("cryptostream.io/owner") == owner]
    orphans = [
        each
        for version, kind in OWNED
        for each in cluster.find(version, kind, "unserved", f"cryptostream.io/stream={name}")
        if not each["metadata"].get("ownerReferences")
    ]
    return [each["metadata"]["name"] for each in (*beside, *orphans)]


def killed_at_random(operator: OperatorProcess, cluster: Cluster, rounds: int, seed: int) -> None:
    """Create and delete streams; kill the operator in the middle of each."""
    chance = random.Random(seed)
    for number in range(rounds):
        name = f"killed-{number}"
        cluster.apply(stream(name, "unserved", deletionPolicy="Delete"))
        time.sleep(chance.uniform(0, 0.8))
        operator.kill()
        operator.start()
        wait_for(lambda: whole(cluster, name), f"{name} is whole", 60)  # noqa: B023
        cluster.delete(STREAM, "CryptoStream", "unserved", name)
        time.sleep(chance.uniform(0, 0.8))
        operator.kill()
        operator.start()
        wait_for(lambda: cluster.stream(name, "unserved") is None, f"{name} is gone", 60)  # noqa: B023
        wait_for(lambda: not left(cluster, name), f"nothing is left of {name}", 20)  # noqa: B023


def test_an_operator_that_is_killed_converges(neighbours: ApiServer, near: tuple[OperatorProcess, Proxy]) -> None:
    """Operator killed -9 at 50 random points of creating and deleting: always converges, nothing orphaned."""
    killed_at_random(near[0], Cluster(neighbours), rounds=1, seed=1)


@pytest.mark.soak
def test_an_operator_that_is_killed_fifty_times_converges(
    neighbours: ApiServer, near: tuple[OperatorProcess, Proxy]
) -> None:
    """Operator killed -9 at 50 random points of creating and deleting: always converges, nothing orphaned."""
    killed_at_random(near[0], Cluster(neighbours), rounds=25, seed=2)


def test_a_link_that_is_cut_slow_and_silent_is_survived(
    neighbours: ApiServer, near: tuple[OperatorProcess, Proxy]
) -> None:
    """API server restarted, slowed, answering 409/429/500, watch cut: converges, no hot loop."""
    _, proxy = near
    cluster = Cluster(neighbours)
    proxy.cut()
    cluster.apply(stream("cut", "unserved", deletionPolicy="Delete"))
    time.sleep(2)  # it tries in vain meanwhile
    proxy.heal()
    wait_for(lambda: whole(cluster, "cut"), "it is whole after the cut", 60)
    proxy.slow("to client", latency=0.05)
    cluster.apply(stream("slow", "unserved", deletionPolicy="Delete"))
    wait_for(lambda: whole(cluster, "slow"), "it is whole in spite of a slow link", 90)
    proxy.heal()
    settled(cluster, USER)
    asked = len(list(neighbours.audit()))
    time.sleep(3)
    mine = [each for each in list(neighbours.audit())[asked:] if each["user"]["username"] == USER]
    assert len(mine) < 30, "no hot loop"
    for name in ("cut", "slow"):
        cluster.delete(STREAM, "CryptoStream", "unserved", name)
        wait_for(lambda: cluster.stream(name, "unserved") is None, f"{name} is gone", 60)  # noqa: B023


def test_a_server_that_restarts_is_survived(tmp_path: Path) -> None:
    """API server restarted: converges"""
    with ApiServer(tmp_path / "api", USERS).start() as api:
        for name in NAMESPACES:
            assert api.ask("POST", "/api/v1/namespaces", json={"metadata": {"name": name}}).ok
        install_crds(api, CRDS.glob("*.yaml"))
        install_crds(api, ensure(NEIGHBOURS).glob("*/*.yaml"))
        cluster = Cluster(api)
        told = {"leader": {"namespace": "kafka", "leaseSeconds": 60}}  # it must outlast the restart: nobody restarts us
        with OperatorProcess(api, tmp_path / "operator", told=told).start() as operator:
            wait_for(operator.leads, "it leads")
            api.restart()
            paths = ("/apis/kafka.strimzi.io/v1/kafkas", "/apis/kafka.strimzi.io/v1/kafkatopics")
            wait_for(lambda: all(api.ask("GET", path).ok for path in paths), "the server has all kinds again")
            with answering(cluster):
                cluster.apply(kafka(**{"cryptostream.io/allowed-namespaces": "unserved"}))
                cluster.apply(stream("after", "unserved"))
                wait_for(lambda: whole(cluster, "after"), "a stream that comes after the restart", 90)
            assert operator.alive
