"""Names, labels and annotations of everything the operator makes: here and nowhere else. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

GROUP: Final = "cryptostream.io"
FIELD_MANAGER: Final = "cryptostream-operator"
FINALIZER: Final = f"{GROUP}/cleanup"

Component = Literal["producer", "consumer", "store"]

STREAM: Final = f"{GROUP}/stream"
"""Label of every child of a stream in its namespace; its value is the stream's name."""
STORE: Final = f"{GROUP}/store"
"""Label of every child of a store; its value is the store's name."""
OWNER: Final = f"{GROUP}/owner-uid"
"""Label of what is owned across namespaces: the owner's uid, because there owner references do not reach."""
OWNER_NAME: Final = f"{GROUP}/owner"
"""Annotation beside it: `<namespace>/<name>`, for people."""
CONFIG_HASH: Final = f"{GROUP}/config-hash"
"""Annotation of a pod template: a changed configuration rolls the pods."""
CERTIFICATE_HASH: Final = f"{GROUP}/certificate-hash"
"""Annotation of a pod template: renewed certificates roll the pods."""
ASSIGNMENT: Final = f"{GROUP}/assignment"
"""Annotation of a producer's pod: a changed value makes kubelet bring the assignment at once."""
ALLOWED_NAMESPACES: Final = f"{GROUP}/allowed-namespaces"
"""Annotation of a Kafka resource by its owner: namespaces whose streams may use it, with commas; `*` for all."""
MAX_TOPICS: Final = f"{GROUP}/max-topics"
MAX_PARTITIONS: Final = f"{GROUP}/max-partitions"
RENDERED: Final = f"{GROUP}/rendered"
"""Annotation of every child: a digest of what is wanted of it, so that a field that is no longer wanted is noticed."""
TOKEN: Final = f"{GROUP}/token-id"
"""Annotation of the Secret with a stream's token: InfluxDB's id of it."""
MANAGED_BY: Final = "app.kubernetes.io/managed-by"


def producer(stream: str) -> str:
    """Deployment, Service and PodMonitor of the producer."""
    return f"{stream}-producer"


def consumer(stream: str) -> str:
    """Deployment, Service, PodDisruptionBudget and ScaledObject of the consumers."""
    return f"{stream}-consumer"


def config(stream: str, component: Component) -> str:
    """ConfigMap with the static configuration."""
    return f"{stream}-{component}-config"


def assignment(stream: str) -> str:
    """ConfigMap with the symbols; its name never changes, so that it reaches running pods."""
    return f"{stream}-assignment"


def kafka_secret(stream: str, component: Component) -> str:
    """Secret with the credentials that pods mount."""
    return f"{stream}-{component}-kafka"


def store_secret(stream: str) -> str:
    """Secret with the stream's token and the CA of its store."""
    return f"{stream}-store"


def store(name: str) -> str:
    """StatefulSet, Service and ServiceAccount of a managed InfluxDB."""
    return f"{name}-influxdb"


def admin_secret(name: str) -> str:
    """Secret with the administrator of a managed InfluxDB; it lives as long as the volume."""
    return f"{name}-influxdb-admin"


def authority_secret(name: str) -> str:
    """Secret with the CA of a managed InfluxDB."""
    return f"{name}-influxdb-ca"


def certificate_secret(name: str) -> str:
    """Secret with its certificate."""
    return f"{name}-influxdb-tls"


def labels(instance: str, component: Component) -> Mapping[str, str]:
    """The recommended labels, and which resource it belongs to."""
    owner = STORE if component == "store" else STREAM
    return {
        "app.kubernetes.io/name": "cryptostream",
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/instance": instance,
        "app.kubernetes.io/part-of": "cryptostream",
        MANAGED_BY: FIELD_MANAGER,
        owner: instance,
    }


def selector(instance: str, component: Component) -> Mapping[str, str]:
    """What pods are selected by; it may never change."""
    owner = STORE if component == "store" else STREAM
    return {"app.kubernetes.io/component": component, owner: instance}
