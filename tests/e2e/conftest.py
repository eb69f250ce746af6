"""One whole cluster for all tests of this tier, with the project's images and resource definitions."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.pods import RESTRICTED
from tests.support.data import ROOT
from tests.support.parts.cache import ensure
from tests.support.parts.catalogue import IMAGES
from tests.support.parts.cluster import Cluster
from tests.support.parts.fixtures import having, unique
from tests.support.parts.kubectl import Kubectl

__all__ = ["unique"]

ARCHIVES = ("services.tar", "operator.tar", "influxdb.tar")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with having():
        images = ensure(IMAGES)
        cluster = Cluster(tmp_path_factory.mktemp("cluster"), [images / name for name in ARCHIVES])
    with cluster:
        cluster.start()
        cluster.kubectl("apply", "--server-side", f"--filename={ROOT / 'crds'}")
        yield cluster


@pytest.fixture(scope="session")
def kubectl(cluster: Cluster) -> Kubectl:
    return cluster.kubectl


@pytest.fixture
def namespace(kubectl: Kubectl, unique: Callable[[str], str]) -> str:
    """One of its own, in which pods must be as the Pod Security Standard `restricted` has them."""
    name = unique("e2e")
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}})
    return name
