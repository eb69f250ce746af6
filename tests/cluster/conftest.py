"""A Kubernetes API server with both kinds of resources, for all tests of this tier."""

from collections.abc import Iterator
from functools import partial

import pytest
import yaml

from tests.support.data import ROOT
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.process import wait_for

CRDS = ROOT / "crds"
NAMESPACES = ("market", "kafka", "other")


def install_crds(api: ApiServer) -> None:
    """Both kinds, served."""
    for file in sorted(CRDS.glob("*.yaml")):
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
        wait_for(partial(_served, api, crd["spec"]["names"]["plural"]), f"{name} is served")


def _served(api: ApiServer, plural: str) -> bool:
    return api.ask("GET", f"/apis/cryptostream.io/v1alpha1/{plural}").ok


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The server, with the resource definitions and some namespaces."""
    with ApiServer(tmp_path_factory.mktemp("api")).start() as api:
        for name in NAMESPACES:
            assert api.ask("POST", "/api/v1/namespaces", json={"metadata": {"name": name}}).ok
        install_crds(api)
        yield api
