"""A Kubernetes API server with both kinds of resources, for all tests of this tier."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from cryptostream_operator.render.names import ALLOWED_NAMESPACES
from tests.cluster.running import Cluster, OperatorProcess
from tests.cluster.strimzi_answers import Strimzi, answering, kafka
from tests.support.data import ROOT
from tests.support.parts.cache import ensure
from tests.support.parts.catalogue import NEIGHBOURS
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.process import wait_for

CRDS = ROOT / "crds"
NAMESPACES = ("market", "kafka", "other", "unserved", "judged")
USERS = {name: ["system:masters"] for name in ("operator", "second", "tester")}


def install_crds(api: ApiServer, files: Iterable[Path]) -> None:
    """The kinds that these files define, served."""
    for file in sorted(files):
        crd = yaml.safe_load(file.read_text())
        name = crd["metadata"]["name"]
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
        answer = api.ask(
            "PATCH",
            f"{path}?fieldManager=test",
            data=yaml.safe_dump(crd),
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        assert answer.ok, answer.text
        wait_for(partial(_served, api, crd["spec"]), f"{name} is served")


def _served(api: ApiServer, spec: dict[str, Any]) -> bool:
    return api.ask("GET", f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}").ok


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The server, with the resource definitions and some namespaces."""
    with ApiServer(tmp_path_factory.mktemp("api"), USERS).start() as api:
        for name in NAMESPACES:
            assert api.ask("POST", "/api/v1/namespaces", json={"metadata": {"name": name}}).ok
        install_crds(api, CRDS.glob("*.yaml"))
        yield api


@pytest.fixture(scope="session")
def cluster(neighbours: ApiServer) -> Cluster:
    return Cluster(neighbours)


@pytest.fixture(scope="session")
def strimzi(cluster: Cluster) -> Iterator[Strimzi]:
    """Strimzi's answers, and a Kafka that is granted to the namespace `market`."""
    with answering(cluster) as strimzi:
        cluster.apply(kafka(**{ALLOWED_NAMESPACES: "market"}))
        yield strimzi


@pytest.fixture(scope="session")
def operator(
    neighbours: ApiServer, strimzi: Strimzi, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """The operator, as the user `operator`."""
    del strimzi
    folder = tmp_path_factory.mktemp("operator")
    told = {"deletionPatienceSeconds": 6, "namespaces": ["market", "other"], "kafkaNamespaces": ["kafka"]}
    with OperatorProcess(neighbours, folder, told=told).start() as operator:
        yield operator
        text = operator.log.read_text()
        assert "Traceback" not in text, text


@pytest.fixture(scope="session")
def neighbours(api: ApiServer) -> ApiServer:
    """The same server with the kinds of Strimzi, KEDA and the Prometheus operator."""
    install_crds(api, ensure(NEIGHBOURS).glob("*/*.yaml"))
    return api
