"""One whole cluster for all tests of this tier, with the images and Strimzi's definitions; and one stream in it."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.pods import OPERATOR, RESTRICTED, SERVICES
from tests.e2e.release import NEXT
from tests.e2e.world import World
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
        for image in (SERVICES, OPERATOR):
            cluster.tag(image, f"{image.rpartition(':')[0]}:{NEXT}")
        cluster.kubectl("apply", "--server-side", f"--filename={strimzi}")
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


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[World]:
    """The stream, whose life the tests go through in the order of their files."""
    with having(), World(tmp_path_factory.mktemp("world") / "stream", cluster) as world:
        yield world
