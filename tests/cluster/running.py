"""The operator as a process on an API server, and small questions to both."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
import yaml

from cryptostream_operator.effects.kube import PLURALS
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.ports import claim_port
from tests.support.parts.process import Server, wait_for

STREAM = "cryptostream.io/v1alpha1"
STRIMZI = "kafka.strimzi.io/v1"
SERVICES = "example.org/cryptostream/services:0.1.0"
Manifest = dict[str, Any]
COLLECTED = (
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
)


def path_of(api_version: str, kind: str, namespace: str | None = None, name: str | None = None) -> str:
    group = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{group}{within}/{PLURALS[kind]}" + (f"/{name}" if name else "")


class Cluster:
    """What a person with kubectl can do."""

    def __init__(self, api: ApiServer) -> None:
        self.api = api

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        answer = self.api.ask("GET", path_of(api_version, kind, namespace, name))
        assert answer.ok or answer.status_code == 404, answer.text
        return answer.json() if answer.ok else None

    def find(self, api_version: str, kind: str, namespace: str | None = None, labels: str = "") -> list[Manifest]:
        answer = self.api.ask("GET", path_of(api_version, kind, namespace), params={"labelSelector": labels})
        assert answer.ok or answer.status_code == 404, answer.text
        return answer.json()["items"] if answer.ok else []

    def apply(self, manifest: Mapping[str, Any], manager: str = "kubectl") -> Manifest:
        metadata = manifest["metadata"]
        path = path_of(manifest["apiVersion"], manifest["kind"], metadata["namespace"], metadata["name"])
        answer = self.api.ask(
            "PATCH",
            f"{path}?fieldManager={manager}&force=true",
            data=yaml.safe_dump(dict(manifest)),
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        assert answer.ok, answer.text
        return dict(answer.json())

    def merge(self, found: Mapping[str, Any], patch: Mapping[str, Any], part: str = "") -> requests.Response:
        metadata = found["metadata"]
        path = path_of(found["apiVersion"], found["kind"], metadata["namespace"], metadata["name"])
        headers = {"Content-Type": "application/merge-patch+json"}
        return self.api.ask("PATCH", f"{path}/{part}" if part else path, json=patch, headers=headers)

    def delete(self, api_version: str, kind: str, namespace: str, name: str) -> None:
        answer = self.api.ask("DELETE", path_of(api_version, kind, namespace, name))
        assert answer.ok or answer.status_code == 404, answer.text

    def stream(self, name: str, namespace: str = "market") -> Manifest | None:
        return self.get(STREAM, "CryptoStream", namespace, name)

    def condition(self, name: str, kind: str, namespace: str = "market", of: str = "CryptoStream") -> Manifest:
        """A condition of a resource, empty if there is none."""
        found = self.get(STREAM, of, namespace, name) or {}
        told = found.get("status", {}).get("conditions", [])
        return next((each for each in told if each["type"] == kind), {})

    def writes(self, user: str) -> list[Manifest]:
        """Every change that a user made, Leases aside."""
        return [
            each
            for each in self.api.audit()
            if each["user"]["username"] == user
            and each["verb"] not in {"get", "list", "watch"}
            and each["objectRef"].get("resource") != "leases"
        ]


class OperatorProcess(Server):
    """The operator, as `user` of an API server."""

    def __init__(
        self,
        api: ApiServer,
        folder: Path,
        user: str = "operator",
        *,
        server: str | None = None,
        told: Mapping[str, Any] = {},
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = claim_port()
        config = {
            "images": {"services": SERVICES},
            "http": {"host": "127.0.0.1", "port": self.port},
            "leader": {"namespace": "kafka"},
            **told,
        }
        (folder / "operator.yaml").write_text(yaml.safe_dump(config))
        kubeconfig = api.kubeconfig(user, server=server)
        command: list[str | Path] = [sys.executable, "-m", "cryptostream_operator", "--kubeconfig", kubeconfig]
        command += ["--config", folder / "operator.yaml"]
        super().__init__("operator", command, folder / "operator.log", self._answers)

    def page(self, path: str) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)

    def measure(self, line: str) -> float:
        """The value of one line of its metrics, 0 if there is none."""
        for each in self.page("/metrics").text.splitlines():
            if each.startswith(f"{line} "):
                return float(each.rpartition(" ")[2])
        return 0.0

    def leads(self) -> bool:
        return self.measure("cryptostream_operator_leads") == 1

    def _answers(self) -> bool:
        try:
            return self.page("/healthz").ok
        except requests.ConnectionError:
            return False


def settled(cluster: Cluster, user: str = "operator", seconds: float = 1.5) -> None:
    """Wait until `user` has changed nothing for some time."""
    last, since = -1, time.monotonic()

    def quiet() -> bool:
        nonlocal last, since
        count = len(cluster.writes(user))
        if count != last:
            last, since = count, time.monotonic()
        return time.monotonic() - since > seconds

    wait_for(quiet, f"{user} has nothing more to do")


def removed(cluster: Cluster, name: str, namespace: str = "market") -> None:
    """Delete a stream, and then what Kubernetes itself would remove after it: there is no controller that does."""
    cluster.delete(STREAM, "CryptoStream", namespace, name)
    wait_for(lambda: cluster.stream(name, namespace) is None, f"{name} is gone", 30)
    for api_version, kind in COLLECTED:
        for each in cluster.find(api_version, kind, namespace, f"cryptostream.io/stream={name}"):
            cluster.delete(api_version, kind, namespace, each["metadata"]["name"])


def stream(name: str, namespace: str = "market", **spec: Any) -> Manifest:
    """A stream of BTC at 1m in the Kafka of tests, unless `spec` says otherwise; None leaves a field out."""
    fields = {
        "coins": ["BTC"],
        "intervals": ["1m"],
        "kafka": {"cluster": {"name": "market", "namespace": "kafka"}},
        **spec,
    }
    return {
        "apiVersion": STREAM,
        "kind": "CryptoStream",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {key: value for key, value in fields.items() if value is not None},
    }
