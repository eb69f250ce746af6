"""What belongs to the pods of a stream: accounts, a Service for their pages, disruption budget, monitor. Pure."""

from typing import Any

from cryptostream.core.resource.plan import Role
from cryptostream.core.resource.spec import StreamSpec
from cryptostream_operator.render import names
from cryptostream_operator.render.meta import metadata
from cryptostream_operator.render.site import Site


def name_of(spec: StreamSpec, role: Role) -> str:
    """What everything around the pods of `role` is called."""
    return names.producer(spec.name) if role == "producer" else names.consumer(spec.name)


def account(spec: StreamSpec, site: Site, role: Role) -> dict[str, Any]:
    """An account that may do nothing, whose token is not mounted."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(site.owner, name_of(spec, role), role),
        "automountServiceAccountToken": False,
    }


def service(spec: StreamSpec, site: Site, role: Role) -> dict[str, Any]:
    """A name for each pod's pages, ready or not."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(site.owner, name_of(spec, role), role),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": dict(names.selector(spec.name, role)),
            "ports": [{"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def disruption_budget(spec: StreamSpec, site: Site) -> dict[str, Any] | None:
    """Consumers go one at a time. None for a single one: it would stop a node from being drained."""
    least = spec.autoscaling.min_replicas if spec.autoscaling and site.served.scaled_object else spec.consumer_replicas
    if least < 2 or spec.suspend:
        return None
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(site.owner, names.consumer(spec.name), "consumer"),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": dict(names.selector(spec.name, "consumer"))},
        },
    }


def pod_monitor(spec: StreamSpec, site: Site, role: Role) -> dict[str, Any] | None:
    """How Prometheus finds the pods, where its operator is installed."""
    if not site.served.pod_monitor:
        return None
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": metadata(site.owner, name_of(spec, role), role),
        "spec": {
            "selector": {"matchLabels": dict(names.selector(spec.name, role))},
            "podMetricsEndpoints": [{"port": "http", "path": "/metrics", "interval": "15s"}],
        },
    }


def scaled_object(spec: StreamSpec, site: Site) -> dict[str, Any] | None:
    """KEDA scales consumers by lag, never above the partitions, where it is installed."""
    if spec.autoscaling is None or not site.served.scaled_object or spec.suspend:
        return None
    partitions = spec.kafka.topics.partitions if spec.kafka else spec.autoscaling.max_replicas
    address = f"http://{names.consumer(spec.name)}.{spec.namespace}.svc:8080/status"
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": metadata(site.owner, names.consumer(spec.name), "consumer"),
        "spec": {
            "scaleTargetRef": {"name": names.consumer(spec.name)},
            "minReplicaCount": spec.autoscaling.min_replicas,
            "maxReplicaCount": min(spec.autoscaling.max_replicas, partitions),
            "cooldownPeriod": 300,
            "triggers": [
                {
                    "type": "metrics-api",
                    "metadata": {
                        "url": address,
                        "valueLocation": "totals.lag",
                        "targetValue": str(spec.autoscaling.lag_per_replica),
                    },
                }
            ],
        },
    }
