"""Small things to run in a cluster, as the Pod Security Standard `restricted` wants them."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.parts.kubectl import Manifest

SERVICES = "localhost/services:test"
OPERATOR = "localhost/operator:test"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
_NOTHING = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def template(name: str, command: Sequence[str], *, image: str = SERVICES, **container: Any) -> Manifest:
    """A pod with one container, labelled `app: name`."""
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {"runAsNonRoot": True, "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": name,
                    "image": image,
                    "imagePullPolicy": "Never",
                    "command": list(command),
                    "securityContext": _NOTHING,
                    **container,
                }
            ],
        },
    }


def pod(namespace: str, name: str, command: Sequence[str], *, image: str = SERVICES, **container: Any) -> Manifest:
    """One that is run once."""
    made = template(name, command, image=image, **container)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name, **made["metadata"]},
        "spec": {**made["spec"], "restartPolicy": "Never"},
    }


def service(namespace: str, name: str, port: int) -> Manifest:
    """Before all pods that are labelled with its name."""
    spec = {"selector": {"app": name}, "ports": [{"port": port}]}
    return made("v1", "Service", namespace, name, spec)


def made(version: str, kind: str, namespace: str, name: str, spec: Mapping[str, Any]) -> Manifest:
    metadata = {"namespace": namespace, "name": name}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": dict(spec)}
