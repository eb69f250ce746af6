"""A managed InfluxDB: one pod with a volume, a Service before it, nothing else in. Pure.

The image starts `influxd` itself, without its set-up script: onboarding is done by the operator, so that no password
is ever in the environment. The volume stays when the resource goes.
"""

from typing import Any, Final

import msgspec

from cryptostream.core.resource.store_spec import Managed, StoreSpec
from cryptostream_operator.render import names
from cryptostream_operator.render.meta import metadata
from cryptostream_operator.render.pod import container_security, pod_security
from cryptostream_operator.render.recovery import recovered
from cryptostream_operator.render.site import Images, Owner

PORT: Final = 8086
DATA: Final = "/var/lib/influxdb2"
CERTIFICATES: Final = "/etc/influxdb/tls"
RESOURCES: Final = {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
ORGANIZATION: Final = "cryptostream"


class StoreSite(msgspec.Struct, frozen=True, kw_only=True):
    """What is around a managed store; `certificate` is a digest of its certificate, which rolls the pod."""

    owner: Owner
    images: Images
    certificate: str = ""


def children(spec: StoreSpec, managed: Managed, site: StoreSite) -> tuple[dict[str, Any], ...]:
    """Everything but secrets, in the order in which it is made."""
    return (
        _account(spec, site),
        _network_policy(spec, site),
        _service(spec, site),
        _stateful_set(spec, managed, site),
    )


def url(spec: StoreSpec, managed: Managed) -> str:
    """Where it answers inside the cluster; its certificate is for this name."""
    scheme = "https" if managed.tls == "Managed" else "http"
    return f"{scheme}://{host(spec)}:{PORT}"


def host(spec: StoreSpec) -> str:
    """The name of its Service."""
    return f"{names.store(spec.name)}.{spec.namespace}.svc"


def claim_name(spec: StoreSpec) -> str:
    """The PersistentVolumeClaim, as the StatefulSet names it."""
    return f"data-{names.store(spec.name)}-0"


def _account(spec: StoreSpec, site: StoreSite) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(site.owner, names.store(spec.name), "store"),
        "automountServiceAccountToken": False,
    }


def _service(spec: StoreSpec, site: StoreSite) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(site.owner, names.store(spec.name), "store"),
        "spec": {
            "selector": dict(names.selector(spec.name, "store")),
            "ports": [{"name": "api", "port": PORT, "targetPort": "api", "protocol": "TCP"}],
        },
    }


def _network_policy(spec: StoreSpec, site: StoreSite) -> dict[str, Any]:
    """In: its port, from consumers, the operator and whoever reads. Out: nothing."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(site.owner, names.store(spec.name), "store"),
        "spec": {
            "podSelector": {"matchLabels": dict(names.selector(spec.name, "store"))},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"protocol": "TCP", "port": PORT}]}],
            "egress": [],
        },
    }


def _stateful_set(spec: StoreSpec, managed: Managed, site: StoreSite) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(site.owner, names.store(spec.name), "store"),
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 3,
            "serviceName": names.store(spec.name),
            "selector": {"matchLabels": dict(names.selector(spec.name, "store"))},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            "template": _template(spec, managed, site),
            "volumeClaimTemplates": [_claim(spec, managed)],
        },
    }


def _claim(spec: StoreSpec, managed: Managed) -> dict[str, Any]:
    """As the StatefulSet makes it once; a volume that has to grow is grown in its claim."""
    classes = {} if managed.storage_class_name is None else {"storageClassName": managed.storage_class_name}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "labels": dict(names.selector(spec.name, "store"))},
        "spec": {
            **classes,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": managed.storage_size}},
        },
    }


def _template(spec: StoreSpec, managed: Managed, site: StoreSite) -> dict[str, Any]:
    encrypted = managed.tls == "Managed"
    mounts: list[dict[str, Any]] = [{"name": "data", "mountPath": DATA}, {"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - of the container
    volumes: list[dict[str, Any]] = [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}]
    if encrypted:
        mounts.append({"name": "tls", "mountPath": CERTIFICATES, "readOnly": True})
        secret = {"secretName": names.certificate_secret(spec.name), "defaultMode": 0o440}
        volumes.append({"name": "tls", "secret": secret})
    annotations = {names.CERTIFICATE_HASH: site.certificate} if site.certificate else {}
    pull = [{"name": name} for name in site.images.pull_secrets]
    return {
        "metadata": {"labels": dict(names.labels(spec.name, "store")), "annotations": annotations},
        "spec": {
            "serviceAccountName": names.store(spec.name),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": pod_security(),
            "terminationGracePeriodSeconds": 60,
            "containers": [_container(managed, site, mounts, encrypted=encrypted)],
            "volumes": volumes,
            **({"imagePullSecrets": pull} if pull else {}),
        },
    }


def _container(managed: Managed, site: StoreSite, mounts: list[dict[str, Any]], *, encrypted: bool) -> dict[str, Any]:
    get = {"path": "/health", "port": "api", "scheme": "HTTPS" if encrypted else "HTTP"}
    return {
        "name": "influxdb",
        "image": f"{site.images.influxdb}:{managed.version}",
        "imagePullPolicy": site.images.pull_policy,
        "command": recovered(["influxd", *_arguments(encrypted=encrypted)]),
        "ports": [{"name": "api", "containerPort": PORT, "protocol": "TCP"}],
        "securityContext": container_security(),
        "resources": msgspec.json.decode(managed.resources) if managed.resources else RESOURCES,
        "startupProbe": {"httpGet": get, "periodSeconds": 2, "timeoutSeconds": 3, "failureThreshold": 300},
        "livenessProbe": {"httpGet": get, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
        "readinessProbe": {"httpGet": get, "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 2},
        "volumeMounts": mounts,
    }


def _arguments(*, encrypted: bool) -> list[str]:
    files = [f"--tls-cert={CERTIFICATES}/tls.crt", f"--tls-key={CERTIFICATES}/tls.key"] if encrypted else []
    return [
        f"--http-bind-address=:{PORT}",
        f"--bolt-path={DATA}/influxd.bolt",
        f"--sqlite-path={DATA}/influxd.sqlite",
        f"--engine-path={DATA}/engine",
        "--reporting-disabled",
        "--tls-min-version=1.2",
        *files,
    ]
