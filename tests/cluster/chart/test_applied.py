"""Manifests as a person applies them, with kubectl, on a real API server."""

from pathlib import Path

import pytest

from tests.support.data import ROOT
from tests.support.parts.kubectl import Kubectl
from tests.support.parts.kubernetes import ApiServer
from tests.support.write_chart import KUSTOMIZATION, PLAIN

STRICT = ("--server-side", "--validate=strict")


@pytest.fixture
def kubectl(chart_api: ApiServer, tmp_path: Path) -> Kubectl:
    return Kubectl(chart_api.kubeconfig(), tmp_path / "kubectl")


def test_install_with_kustomize(kubectl: Kubectl) -> None:
    """installs CryptoStream with one `helm install` (or one `kubectl apply -k`); settled, it shows no difference"""
    folder = f"--kustomize={KUSTOMIZATION.parent}"
    made = kubectl("apply", folder, *STRICT, "--field-manager=helm", "--force-conflicts").splitlines()
    assert {each.split()[-1] for each in made} == {"serverside-applied"}
    assert len(made) == PLAIN.read_text().count("\nkind: ")
    kubectl("diff", folder, "--server-side", "--field-manager=helm")  # which fails if there is any
    kubectl("delete", folder, "--wait=false", "--selector=app.kubernetes.io/name=cryptostream-operator")


@pytest.mark.parametrize("file", sorted(ROOT.glob("manifests/samples/*.yaml")), ids=lambda file: file.stem)
def test_a_sample_is_applied(kubectl: Kubectl, file: Path) -> None:
    """`manifests/samples/` (minimal, indicators, alerts, external Kafka, mutual TLS, history, many coins, polling,
    suspended, external store, with Strimzi…), each applied in a test"""
    kubectl("apply", f"--filename={file}", *STRICT)
    kubectl("diff", f"--filename={file}", "--server-side")
    kubectl("delete", f"--filename={file}")
