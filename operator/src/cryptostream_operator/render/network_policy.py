"""Which connections the pods of a stream may have: default deny, plus exactly the flows of docs/security.md. Pure."""

from typing import Any
from urllib.parse import urlsplit

from cryptostream.core.resource.plan import Role
from cryptostream.core.resource.spec import StreamSpec
from cryptostream_operator.render import names
from cryptostream_operator.render.around_pods import name_of
from cryptostream_operator.render.meta import metadata
from cryptostream_operator.render.pod import PORT
from cryptostream_operator.render.site import Site

DEFAULT_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}


def network_policy(spec: StreamSpec, site: Site, role: Role) -> dict[str, Any]:
    """Pages in; DNS, Kafka, and the exchange or the store out."""
    beyond = _exchange(spec) if role == "producer" else [_store(site)]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(site.owner, name_of(spec, role), role),
        "spec": {
            "podSelector": {"matchLabels": dict(names.selector(spec.name, role))},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [_tcp(PORT)]}],
            "egress": [_dns(), _kafka(site), *beyond],
        },
    }


def _tcp(port: int) -> dict[str, Any]:
    return {"protocol": "TCP", "port": port}


def _dns() -> dict[str, Any]:
    return {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}


def _kafka(site: Site) -> dict[str, Any]:
    """By port alone for a Kafka elsewhere; a Strimzi cluster's pods by their labels, on every listener's port."""
    ports = sorted({int(each.rpartition(":")[2]) for each in site.kafka.bootstrap.split(",")})
    rule: dict[str, Any] = {"ports": [_tcp(port) for port in ports]}
    if site.kafka.cluster:
        rule["to"] = [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": site.kafka.namespace}},
                "podSelector": {"matchLabels": {"strimzi.io/cluster": site.kafka.cluster, "strimzi.io/kind": "Kafka"}},
            }
        ]
    return rule


def _store(site: Site) -> dict[str, Any]:
    rule: dict[str, Any] = {"ports": [_tcp(_port(site.store.url))]}
    if site.store.managed:
        rule["to"] = [{"podSelector": {"matchLabels": dict(names.selector(site.store.managed, "store"))}}]
    return rule


def _exchange(spec: StreamSpec) -> list[dict[str, Any]]:
    """The proxy if there is one, else the ports of the exchange's addresses, which are many and change."""
    endpoints = spec.source.endpoints
    urls = [spec.egress.proxy_url] if spec.egress.proxy_url else [*endpoints.rest, *endpoints.stream]
    return [{"ports": [_tcp(port) for port in sorted({_port(url) for url in urls})]}]


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or DEFAULT_PORTS[parts.scheme]
