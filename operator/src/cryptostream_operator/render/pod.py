"""The pods of a stream's services, as Pod Security `restricted` wants them. Pure.

Secrets and configuration come as files; nothing secret is in an environment variable or an argument.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from cryptostream.core.resource.plan import Role
from cryptostream.core.resource.spec import StreamSpec
from cryptostream_operator.render import names
from cryptostream_operator.render.site import Site

USER: Final = 10001
PORT: Final = 8080
HOME: Final = "/etc/cryptostream"
RESOURCES: Final = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
GRACE: Final = 30
"""Seconds that a drained stop may take: ten for the data, the rest for a slow node."""


def template(spec: StreamSpec, site: Site, role: Role, config_hash: str, overrides: str | None) -> dict[str, Any]:
    """The pod template of `role`; `overrides` is what the user wrote, as JSON."""
    given = msgspec.json.decode(overrides) if overrides else {}
    annotations = {names.CONFIG_HASH: config_hash}
    if site.certificates:
        annotations[names.CERTIFICATE_HASH] = site.certificates
    return {
        "metadata": {"labels": dict(names.labels(spec.name, role)), "annotations": annotations},
        "spec": {
            "serviceAccountName": _account(spec.name, role),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": pod_security(),
            "terminationGracePeriodSeconds": GRACE,
            "containers": [_container(spec, site, role, given.get("resources") or RESOURCES)],
            "volumes": _volumes(spec, site, role),
            **_placement(spec, role, given, site),
        },
    }


def _account(stream: str, role: Role) -> str:
    return names.producer(stream) if role == "producer" else names.consumer(stream)


def _container(spec: StreamSpec, site: Site, role: Role, resources: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": role,
        "image": site.images.services,
        "imagePullPolicy": site.images.pull_policy,
        "args": [role, "--config", f"{HOME}/config/config.json"],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "securityContext": container_security(),
        "resources": dict(resources),
        "startupProbe": _probe("/healthz", period=2, failures=60),
        "livenessProbe": _probe("/healthz", period=10, failures=6),
        "readinessProbe": _probe("/readyz", period=5, failures=2),
        "volumeMounts": _mounts(spec, site, role),
    }


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    get = {"path": path, "port": "http", "scheme": "HTTP"}
    return {"httpGet": get, "periodSeconds": period, "timeoutSeconds": 3, "failureThreshold": failures}


def pod_security() -> dict[str, Any]:
    """Nobody's rights; files of volumes belong to the group."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """No way to more rights, and nothing of the image can be changed."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _mounts(spec: StreamSpec, site: Site, role: Role) -> list[dict[str, Any]]:
    """Whole folders: a file mounted by `subPath` would never change."""
    folders = ["config", "assignment", *(["kafka"] if _has_kafka_secret(site) else [])]
    folders += ["store"] if role == "consumer" else []
    folders += ["exchange"] if has_exchange_authority(spec, role) else []
    mounts = [{"name": name, "mountPath": f"{HOME}/{name}", "readOnly": True} for name in folders]
    return [*mounts, {"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - of the container, on a volume of its own


def _volumes(spec: StreamSpec, site: Site, role: Role) -> list[dict[str, Any]]:
    volumes: list[dict[str, Any]] = [
        {"name": "config", "configMap": {"name": names.config(spec.name, role)}},
        {"name": "assignment", "configMap": {"name": names.assignment(spec.name)}},
    ]
    if _has_kafka_secret(site):
        volumes.append({"name": "kafka", "secret": _secret(kafka_secret(spec, role))})
    if role == "consumer":
        volumes.append({"name": "store", "secret": _secret(names.store_secret(spec.name))})
    if has_exchange_authority(spec, role):
        items = [{"key": "ca.crt", "path": "ca.crt"}]
        volumes.append({"name": "exchange", "secret": {**_secret(str(spec.egress.ca_secret_name)), "items": items}})
    return [*volumes, {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}]


def kafka_secret(spec: StreamSpec, role: Role) -> str:
    """The Secret with what a role shows to Kafka: the user's own for a Kafka elsewhere, else one that is made."""
    given = spec.kafka.secret_name if spec.kafka else None
    return given or names.kafka_secret(spec.name, role)


def has_exchange_authority(spec: StreamSpec, role: Role) -> bool:
    """Whether a CA of the user signs what the producer talks to."""
    return role == "producer" and spec.egress.ca_secret_name is not None


def _secret(name: str) -> dict[str, Any]:
    return {"secretName": name, "defaultMode": 0o440}


def _has_kafka_secret(site: Site) -> bool:
    return site.kafka.authenticated or site.kafka.own_ca


def _placement(spec: StreamSpec, role: Role, given: Mapping[str, Any], site: Site) -> dict[str, Any]:
    """Where the pods go; without a wish, consumers are spread over nodes."""
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(names.selector(spec.name, role))},
    }
    secrets = given.get("imagePullSecrets") or [{"name": name} for name in site.images.pull_secrets]
    wishes = {name: given[name] for name in ("nodeSelector", "tolerations", "affinity") if given.get(name)}
    if given.get("priorityClassName"):
        wishes["priorityClassName"] = given["priorityClassName"]
    return {
        **wishes,
        **({"imagePullSecrets": secrets} if secrets else {}),
        **({"topologySpreadConstraints": [spread]} if role == "consumer" and "affinity" not in wishes else {}),
    }
