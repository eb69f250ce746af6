"""The operator as pods of the cluster: its account, its configuration, its Deployment."""

import json
from typing import Any

from tests.e2e.pods import OPERATOR, SERVICES, made, template
from tests.support.parts.kubectl import Manifest

NAMESPACE = "cryptostream-system"
NAME = "cryptostream-operator"
CONFIG: dict[str, Any] = {
    "images": {"services": SERVICES, "influxdb": "localhost/influxdb", "pullPolicy": "Never"},
    "simulated": True,
}
_FOLDER = "/etc/cryptostream"


def operator() -> list[Manifest]:
    """One replica, which serves all namespaces."""
    meta = {"namespace": NAMESPACE, "name": NAME}
    account = {"kind": "ServiceAccount", **meta}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": NAME},
            "subjects": [account],
            "roleRef": role,
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"operator.yaml": json.dumps(CONFIG)}},
        made("apps/v1", "Deployment", NAMESPACE, NAME, _deployment()),
    ]


def _deployment() -> dict[str, Any]:
    pod = template(
        NAME,
        ["python", "-m", "cryptostream_operator", f"--config={_FOLDER}/operator.yaml"],
        image=OPERATOR,
        ports=[{"name": "http", "containerPort": 8080}],
        readinessProbe={"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 1},
        livenessProbe={"httpGet": {"path": "/healthz", "port": "http"}},
        volumeMounts=[{"name": "config", "mountPath": _FOLDER}],
    )
    account = {"serviceAccountName": NAME, "automountServiceAccountToken": True, "terminationGracePeriodSeconds": 10}
    pod["spec"] |= account | {"volumes": [{"name": "config", "configMap": {"name": NAME}}]}
    return {"replicas": 1, "selector": {"matchLabels": {"app": NAME}}, "template": pod}
