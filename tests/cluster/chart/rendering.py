"""What Helm makes of the chart, and how it is put on an API server."""

import subprocess
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.process import wait_for
from tests.support.write_chart import CHART, NAMESPACE, helm

Manifest = dict[str, Any]
STRIMZI = "kafka.strimzi.io/v1/Kafka"
EVERYTHING = (
    "replicas=2",
    "podMonitor.enabled=true",
    "prometheusRule.enabled=true",
    "store.create=true",
    "kafka.create=true",
    'kafka.allowedNamespaces=["market"]',
    "simulator.enabled=true",
    "sample.enabled=true",
    'sample.egress.caSecretName="private"',
    'imagePullSecrets=[{"name":"registry"}]',
)
SCOPED = (
    *EVERYTHING,
    f'namespaces=["market","{NAMESPACE}"]',
    'kafkaNamespaces=["kafka"]',
    "podMonitor.enabled=false",
    "serviceMonitor.enabled=true",
)
VALUES: dict[str, tuple[str, ...]] = {"default": (), "everything": EVERYTHING, "scoped": SCOPED}


def rendered(*settings: str, discovered: str = STRIMZI) -> str:
    """The chart's text with `--set` of each setting, on an API server that serves the kind `discovered`."""
    chosen = [f"--set-json={each}" for each in settings]
    chosen += [f"--api-versions={discovered}"] if discovered else []
    return helm("template", "cryptostream", str(CHART), f"--namespace={NAMESPACE}", *chosen).stdout


def manifests(*settings: str) -> list[Manifest]:
    return [each for each in yaml.safe_load_all(rendered(*settings)) if each]


def refusal(*settings: str, discovered: str = STRIMZI) -> str:
    """Helm's message about bad settings."""
    try:
        rendered(*settings, discovered=discovered)
    except subprocess.CalledProcessError as refused:
        return str(refused.stderr)
    return ""


def apply(api: ApiServer, manifest: Mapping[str, Any], *, dry: bool = False) -> requests.Response:
    """Server-side apply, strictly validated."""
    metadata = manifest["metadata"]
    group = manifest["apiVersion"]
    base = f"/apis/{group}" if "/" in group else f"/api/{group}"
    found = api.ask("GET", base).json()["resources"]
    kind = next(each for each in found if each["kind"] == manifest["kind"] and "/" not in each["name"])
    within = f"/namespaces/{metadata.get('namespace', 'default')}" if kind["namespaced"] else ""
    query = "fieldManager=helm&force=true&fieldValidation=Strict" + ("&dryRun=All" if dry else "")
    headers = {"Content-Type": "application/apply-patch+yaml"}
    path = f"{base}{within}/{kind['name']}/{metadata['name']}?{query}"
    return api.ask("PATCH", path, data=yaml.safe_dump(dict(manifest)), headers=headers)


def install(api: ApiServer, made: Iterable[Manifest]) -> None:
    """Put all of it there, and wait for the kinds that it defines."""
    for each in made:
        answer = apply(api, each)
        assert answer.ok, answer.text
        if each["kind"] == "CustomResourceDefinition":
            spec = each["spec"]
            path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
            wait_for(partial(_served, api, path), f"{path} is served")


def account_kubeconfig(api: ApiServer, account: str, folder: Path) -> Path:
    """A file with a fresh token of a ServiceAccount."""
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    answer = api.ask("POST", path, json=asked)
    assert answer.ok, answer.text
    document = yaml.safe_load(api.kubeconfig().read_text())
    document["users"][0]["user"] = {"token": answer.json()["status"]["token"]}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "account.kubeconfig"
    file.touch(0o600)
    file.write_text(yaml.safe_dump(document))
    return file


def _served(api: ApiServer, path: str) -> bool:
    return api.ask("GET", path).ok
