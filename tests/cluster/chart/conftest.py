"""An API server of its own: the operator of the other tests would take part."""

from collections.abc import Iterator

import pytest

from tests.cluster.chart.rendering import install, manifests
from tests.cluster.conftest import install_crds
from tests.support.parts.cache import ensure
from tests.support.parts.catalogue import NEIGHBOURS
from tests.support.parts.kubernetes import ApiServer
from tests.support.write_chart import NAMESPACE


@pytest.fixture(scope="package")
def chart_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """With the kinds of the neighbours, and those of the chart."""
    with ApiServer(tmp_path_factory.mktemp("chart-api")).start() as api:
        restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
        for name in ("market", "kafka", NAMESPACE):
            labels = {} if name == "kafka" else restricted
            assert api.ask("POST", "/api/v1/namespaces", json={"metadata": {"name": name, "labels": labels}}).ok
        install_crds(api, ensure(NEIGHBOURS).glob("*/*.yaml"))
        install(api, (each for each in manifests() if each["kind"] == "CustomResourceDefinition"))
        yield api
