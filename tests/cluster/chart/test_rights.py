"""The operator with the rights that the chart gives it, and no others."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml

from tests.cluster.chart.rendering import Manifest, account_kubeconfig, install, manifests
from tests.cluster.chart.rights import granted, used
from tests.cluster.chart.whole_life import whole_life
from tests.cluster.running import Cluster
from tests.cluster.strimzi_answers import answering
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.ports import claim_port
from tests.support.parts.process import Server
from tests.support.write_chart import NAMESPACE

NAME = "cryptostream-operator"
USER = f"system:serviceaccount:{NAMESPACE}:{NAME}"
SCOPES = {"cluster-wide": (), "namespaces": ('namespaces=["market"]', 'kafkaNamespaces=["kafka"]')}


@contextmanager
def operator(api: ApiServer, folder: Path, made: list[Manifest]) -> Iterator[None]:
    """The process, as the chart's ServiceAccount and told what the chart tells it."""
    (config,) = (each for each in made if each["kind"] == "ConfigMap")
    port = claim_port()
    kubeconfig = account_kubeconfig(api, NAME, folder)
    told = yaml.safe_load(config["data"]["operator.yaml"]) | {"http": {"host": "127.0.0.1", "port": port}}
    (folder / "operator.yaml").write_text(yaml.safe_dump(told))
    command: list[str | Path] = [sys.executable, "-m", "cryptostream_operator", "--kubeconfig", kubeconfig]
    command += ["--config", folder / "operator.yaml"]

    def answers() -> bool:
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
        except requests.ConnectionError:
            return False

    with Server("operator", command, folder / "operator.log", answers).start():
        yield


def refused(api: ApiServer) -> list[str]:
    return [
        f"{each['verb']} {each['requestURI']}"
        for each in api.audit()
        if each["user"]["username"] == USER and each["responseStatus"]["code"] == 403
    ]


def taken_back(api: ApiServer, made: list[Manifest]) -> None:
    """No rights any more, and no Lease."""
    for each in made:
        if each["kind"] in {"RoleBinding", "ClusterRoleBinding"}:
            within = f"/namespaces/{each['metadata']['namespace']}" if each["kind"] == "RoleBinding" else ""
            plural = each["kind"].lower() + "s"
            path = f"/apis/rbac.authorization.k8s.io/v1{within}/{plural}/{each['metadata']['name']}"
            assert api.ask("DELETE", path).ok
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{NAME}"
    assert api.ask("DELETE", lease).ok


@pytest.mark.parametrize("scope", SCOPES)
def test_a_stream_comes_and_goes_without_one_refusal(chart_api: ApiServer, tmp_path: Path, scope: str) -> None:
    """RBAC is exactly the verbs used (a test compares with the API server's audit log …, both ways); least-privilege
    (cluster-wide, or Roles in a list of namespaces; no wildcard)"""
    made = manifests("operator.deletionPatienceSeconds=6", *SCOPES[scope])
    install(chart_api, made)
    cluster, before = Cluster(chart_api), len(list(chart_api.audit()))
    with answering(cluster), operator(chart_api, tmp_path, made):
        whole_life(cluster)
    taken_back(chart_api, made)
    assert not refused(chart_api), refused(chart_api)
    exercised, rights = used(list(chart_api.audit())[before:], USER), granted(made, NAME)
    assert exercised == rights, f"not used: {rights - exercised}; not granted: {exercised - rights}"


def test_without_the_binding_it_is_refused(chart_api: ApiServer, tmp_path: Path) -> None:
    """So that the test above proves something."""
    install(chart_api, (each for each in manifests() if each["kind"] == "ServiceAccount"))
    token = yaml.safe_load(account_kubeconfig(chart_api, NAME, tmp_path).read_text())["users"][0]["user"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    path = "/apis/cryptostream.io/v1alpha1/cryptostreams"
    assert chart_api.ask("GET", path, headers=headers).status_code == 403
