"""One whole cluster for all tests of this tier: with the images, the resource definitions, and those of Strimzi."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.pods import RESTRICTED
from tests.support.data import ROOT
from tests.support.parts.cache import built
from tests.support.parts.catalogue import IMAGES, NEIGHBOURS
from tests.support.parts.cluster import Cluster
from tests.support.parts.fixtures import having, unique
from tests.support.parts.kubectl import Kubectl

__all__ = ["unique"]

ARCHIVES = ("services.tar", "operator.tar", "influxdb.tar")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with having():
        images, strimzi = built(IMAGES), built(NEIGHBOURS) / "strimzi"
        cluster = Cluster(tmp_path_factory.mktemp("cluster"), [images / name for name in ARCHIVES])
    with cluster:
        cluster.start()
        for folder in (ROOT / "crds", strimzi):
            cluster.kubectl("apply", "--server-side", f"--filename={folder}")
        cluster.kubectl.wait("condition=Established", "crd", "--all")
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
