"""The cluster that all else here stands on: it runs pods, finds them by name, and gives them volumes."""

from contextlib import suppress
from typing import Any

import requests

from tests.e2e.pods import made, pod, service, template
from tests.support.parts.cluster import Cluster
from tests.support.parts.kubectl import Kubectl, RefusedError
from tests.support.parts.process import wait_for

SERVE = ("python", "-m", "http.server", "8000", "--directory", "/data")
FETCH = "import urllib.request as r; print(r.urlopen('http://{}:8000/{}', timeout=5).read().decode())"
DATA: dict[str, Any] = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def test_a_pod_of_the_services_image_tells_its_verbs(kubectl: Kubectl, namespace: str) -> None:
    kubectl.apply(pod(namespace, "help", ["cryptostream", "--help"]))
    kubectl.wait("jsonpath={.status.phase}=Succeeded", "pod/help", f"--namespace={namespace}")
    assert "producer" in kubectl("logs", "help", f"--namespace={namespace}")


def test_a_stateful_set_keeps_its_volume_and_is_found_by_name(kubectl: Kubectl, namespace: str) -> None:
    here = f"--namespace={namespace}"
    kept = {
        "serviceName": "kept",
        "selector": {"matchLabels": {"app": "kept"}},
        "template": template("kept", SERVE, **DATA),
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": CLAIM}],
    }
    kubectl.apply(made("apps/v1", "StatefulSet", namespace, "kept", kept), service(namespace, "kept", 8000))
    kubectl("rollout", "status", "statefulset/kept", here)
    kubectl("exec", "kept-0", here, "--", "sh", "-c", "echo remembered >/data/note")
    kubectl("delete", "pod", "kept-0", here)
    kubectl("rollout", "status", "statefulset/kept", here)
    fetch = FETCH.format(f"kept.{namespace}.svc", "note")
    wait_for(lambda: _told(kubectl, "exec", "kept-0", here, "--", "python", "-c", fetch), "its service leads to it")


def test_network_policies_are_taken(kubectl: Kubectl, namespace: str) -> None:
    """Nothing enforces them here: what they let through is held against the flows as data, in another tier."""
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    kubectl.apply(made("networking.k8s.io/v1", "NetworkPolicy", namespace, "nothing", spec))
    assert kubectl.get("networkpolicy", "nothing", f"--namespace={namespace}")["spec"] == spec


def test_pods_reach_this_machine_and_are_reached_from_it(cluster: Cluster, kubectl: Kubectl, namespace: str) -> None:
    here = f"--namespace={namespace}"
    command = ("python", "-m", "http.server", "8000", "--directory", "/opt")
    kubectl.apply(pod(namespace, "page", command))
    kubectl.wait("condition=Ready", "pod/page", here)
    address = kubectl.get("pod", "page", here)["status"]["podIP"]
    wait_for(lambda: _is_served(f"http://{address}:8000/"), "the pod's page")
    dial = f"import socket; socket.create_connection(('{cluster.machine.host}', {cluster.api.port}), 5)"
    kubectl("exec", "page", here, "--", "python", "-c", dial)


def _told(kubectl: Kubectl, *arguments: str) -> str | None:
    with suppress(RefusedError):
        return kubectl(*arguments)
    return None


def _is_served(url: str) -> bool:
    with suppress(requests.ConnectionError), requests.Session() as session:
        session.trust_env = False
        return bool(session.get(url, timeout=5))
    return False
