"""Two operators: one leads. On an API server of their own."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptostream.core.codec.log_line import decode
from cryptostream.core.result import Err
from cryptostream_operator.effects.metrics import CATALOGUE
from tests.cluster.conftest import CRDS, NAMESPACES, install_crds
from tests.cluster.running import STREAM, Cluster, OperatorProcess, settled, stream
from tests.support.metric_series import differences
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.process import wait_for

USERS = {"one": ["system:masters"], "two": ["system:masters"]}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server without Strimzi."""
    with ApiServer(tmp_path_factory.mktemp("alone"), USERS).start() as api:
        for name in NAMESPACES:
            assert api.ask("POST", "/api/v1/namespaces", json={"metadata": {"name": name}}).ok
        install_crds(api, CRDS.glob("*.yaml"))
        yield api


@pytest.fixture
def two(alone: ApiServer, tmp_path: Path) -> Iterator[tuple[OperatorProcess, OperatorProcess]]:
    """The first one leads."""
    first, second = (OperatorProcess(alone, tmp_path / user, user) for user in USERS)
    with first.start(), second:
        wait_for(first.leads, "the first leads")
        second.start()
        yield first, second
        second.kill()
    for each in (first, second):
        assert "Traceback" not in each.log.read_text()
        assert not [line for line in each.log.read_text().splitlines() if isinstance(decode(line), Err)]


def reconciled(cluster: Cluster, name: str) -> None:
    """A new stream is seen by whoever leads."""
    generation = cluster.apply(stream(name))["metadata"]["generation"]
    wait_for(lambda: (cluster.stream(name) or {}).get("status", {}).get("observedGeneration") == generation, name, 40)


def test_one_leads_and_hands_over_when_it_is_stopped(
    alone: ApiServer, two: tuple[OperatorProcess, OperatorProcess]
) -> None:
    """two replicas, one leads, hand-over without double work"""
    first, second = two
    cluster = Cluster(alone)
    reconciled(cluster, "before")
    assert differences(first.page("/metrics").text, CATALOGUE) == []
    told = 'cryptostream_operator_resource_ready{kind="CryptoStream",resource="market/before"} 0.0'
    wait_for(lambda: told in first.page("/metrics").text, "it is told by its name that it is not ready", 20)
    settled(cluster, "one")
    assert not cluster.writes("two")
    assert not second.leads()
    assert first.stop() == 0
    stopped = time.monotonic()
    wait_for(second.leads, "the second leads", 20)
    assert time.monotonic() - stopped < 10, "a Lease that was given back is taken at once"
    done = len(cluster.writes("one"))
    reconciled(cluster, "after")
    assert len(cluster.writes("one")) == done
    rewritten = [each for each in cluster.writes("two") if each["objectRef"].get("name") == "before"]
    assert not rewritten, "what was settled is not written again"


def test_a_leader_that_was_held_up_writes_nothing_afterwards(
    alone: ApiServer, two: tuple[OperatorProcess, OperatorProcess]
) -> None:
    first, second = two
    cluster = Cluster(alone)
    reconciled(cluster, "held-before")
    first.pause()
    wait_for(second.leads, "the second leads after the Lease is over", 40)
    before = len(cluster.writes("one"))
    cluster.apply(stream("held-after"))
    first.resume()
    reconciled(cluster, "held-later")
    wait_for(lambda: not first.alive, "the first ends", 30)
    assert first.stop() == 1
    assert len(cluster.writes("one")) == before


def test_without_strimzi_it_says_so(alone: ApiServer, two: tuple[OperatorProcess, OperatorProcess]) -> None:
    """Strimzi's CRDs missing: the condition says it in words a user can act on"""
    del two
    cluster = Cluster(alone)
    reconciled(cluster, "bare")
    told = cluster.condition("bare", "KafkaReady")
    assert (told["status"], told["reason"]) == ("False", "StrimziNotInstalled")
    assert "install Strimzi" in told["message"]
    cluster.delete(STREAM, "CryptoStream", "market", "bare")
    wait_for(lambda: cluster.stream("bare") is None, "it can be deleted all the same", 20)
