"""The pods that really run: what they may do, and what they hold."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.release import OPERATING
from tests.e2e.world import NAME, NAMESPACE
from tests.support.parts.kubectl import Kubectl, RefusedError

HERE = f"--namespace={NAMESPACE}"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
RUNNING = "--field-selector=status.phase=Running"
BESIDE = ("operator", "simulator", "producer", "consumer", "influxdb")
pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("world")]


@pytest.fixture
def pods(kubectl: Kubectl) -> list[dict[str, Any]]:
    """All of the namespace: of the release, the store and the stream."""
    kubectl.wait(
        "condition=Available", f"deployment/{NAME}-consumer", f"deployment/{NAME}-producer", HERE, patience=120
    )
    found: list[dict[str, Any]] = kubectl.get("pods", HERE, RUNNING)["items"]
    assert {each["name"] for each in containers(found)} >= set(BESIDE)
    return found


def containers(pods: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in pods:
        yield from each["spec"]["containers"]


def test_all_run_where_only_restricted_pods_may(pods: list[dict[str, Any]], kubectl: Kubectl) -> None:
    """All pods run under `restricted`, with requests and limits, read-only root"""
    labels = kubectl.get("namespace", NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for each in containers(pods):
        assert {"cpu", "memory"} <= each["resources"]["requests"].keys(), each["name"]
        assert "memory" in each["resources"]["limits"], each["name"]
        assert each["securityContext"]["readOnlyRootFilesystem"] is True, each["name"]


def test_nothing_can_be_written_beside_its_volumes(pods: list[dict[str, Any]], kubectl: Kubectl) -> None:
    """read-only root: tried in each pod, as the user that it runs as."""
    for each in pods:
        name = each["metadata"]["name"]
        with pytest.raises(RefusedError, match="Read-only file system"):
            kubectl("exec", name, HERE, "--", "sh", "-c", "echo something >/something")
        told = kubectl("exec", name, HERE, "--", "cat", "/proc/self/status")
        status = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)
        assert status["Uid"].split() == ["10001"] * 4
        assert {int(status[key], 16) for key in ("CapPrm", "CapEff", "CapBnd")} == {0}
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"


def test_only_the_operator_has_a_token(pods: list[dict[str, Any]], kubectl: Kubectl) -> None:
    """no service account token except the operator's"""
    look = f"test -e {ACCOUNT}/token && echo yes || echo no"
    told = {
        each["metadata"]["name"]: kubectl("exec", each["metadata"]["name"], HERE, "--", "sh", "-c", look)
        for each in pods
    }
    having = [each for each in pods if told[each["metadata"]["name"]].strip() == "yes"]
    assert [each["spec"]["serviceAccountName"] for each in having] == [OPERATING]
