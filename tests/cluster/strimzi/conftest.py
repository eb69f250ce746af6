"""Strimzi's part on an API server and a Kafka, which it has for itself while these tests run."""

from collections.abc import Iterator

import pytest

from tests.cluster.strimzi.seeing import Seen
from tests.support.parts.fixtures import having, unique
from tests.support.parts.kafka import Kafka
from tests.support.parts.kubernetes import ApiServer
from tests.support.strimzi.part import Strimzi

__all__ = ["unique"]

NAMESPACE = "strimzi"
IGNORED = "ignored-.*"


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker of its own, for all its users are Strimzi's, and its certificates are replaced."""
    with having():
        broker = Kafka(tmp_path_factory.mktemp("broker"))
    with broker:
        yield broker.start()


@pytest.fixture(scope="package")
def running(neighbours: ApiServer, broker: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strimzi]:
    assert neighbours.ask("POST", "/api/v1/namespaces", json={"metadata": {"name": NAMESPACE}}).ok
    folder = tmp_path_factory.mktemp("strimzi")
    strimzi = Strimzi(
        folder, neighbours.kubeconfig(), broker, namespace=NAMESPACE, cluster="events", ignored_users=IGNORED
    )
    with strimzi:
        yield strimzi.start()


@pytest.fixture
def strimzi(running: Strimzi) -> Iterator[Strimzi]:
    """Up again after each test, whatever was done to it."""
    yield running
    running.mend()


@pytest.fixture
def seen(neighbours: ApiServer, strimzi: Strimzi, broker: Kafka) -> Iterator[Seen]:
    """What a test sees of all three; the resources that it made are gone after it."""
    seen = Seen(neighbours, strimzi, broker)
    yield seen
    strimzi.mend()
    seen.clean()
