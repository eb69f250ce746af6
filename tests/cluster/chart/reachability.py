"""Who reaches whom by NetworkPolicies, as Kubernetes defines them: a pod that none selects may do everything. Pure.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/. A field that is not known here is an
error, so that nothing is overlooked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

Manifest = Mapping[str, Any]
Port = tuple[str, int]
Flow = tuple[str, str, Port]
"""From, to, and the port there."""
NAMESPACE = "kubernetes.io/metadata.name"
UNNAMED: Port = ("TCP", 1)
"""Stands for every port that no policy names."""


@dataclass(frozen=True)
class Peer:
    """A pod, or an address outside the cluster, which has no namespace."""

    name: str
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def flows(policies: Iterable[Manifest], peers: Iterable[Peer]) -> Iterator[Flow]:
    """Every connection that is allowed, but for those between peers that no policy selects."""
    policies, peers = [*policies], [*peers]
    judged = {peer.name for peer in peers if any(selects(policy, peer) for policy in policies)}
    for source, target, port in product(peers, peers, [*sorted(ports(policies)), UNNAMED]):
        allowed = _permits(policies, "Egress", source, target, port) and _permits(
            policies, "Ingress", target, source, port
        )
        if allowed and {source.name, target.name} & judged:
            yield source.name, target.name, port


def ports(policies: Iterable[Manifest]) -> set[Port]:
    """Every port that is named."""
    rules = (rule for each in policies for way in ("ingress", "egress") for rule in each["spec"].get(way) or ())
    return {(port["protocol"], port["port"]) for rule in rules for port in rule.get("ports", ())}


def selects(policy: Manifest, peer: Peer) -> bool:
    own = policy["metadata"]["namespace"] == peer.namespace
    return own and _matches(policy["spec"]["podSelector"], peer.labels)


def _permits(
    policies: Iterable[Manifest], way: Literal["Ingress", "Egress"], pod: Peer, other: Peer, port: Port
) -> bool:
    concerned = [each for each in policies if selects(each, pod) and way in each["spec"]["policyTypes"]]
    rules = (
        (each["metadata"]["namespace"], rule) for each in concerned for rule in each["spec"].get(way.lower()) or ()
    )
    return not concerned or any(_allows(rule, namespace, other, port) for namespace, rule in rules)


def _allows(rule: Manifest, namespace: str, other: Peer, port: Port) -> bool:
    known = {"ports", "from", "to"}
    assert rule.keys() <= known, rule
    named = [(each["protocol"], each["port"]) for each in rule.get("ports", ()) if _only(each, {"protocol", "port"})]
    places = [*rule.get("from", ()), *rule.get("to", ())]
    return (not named or port in named) and (not places or any(_at(place, namespace, other) for place in places))


def _at(place: Manifest, namespace: str, other: Peer) -> bool:
    _only(place, {"podSelector", "namespaceSelector"})
    if other.namespace is None:
        return False
    where = place.get("namespaceSelector", {"matchLabels": {NAMESPACE: namespace}})
    return _matches(where, {NAMESPACE: other.namespace}) and _matches(place.get("podSelector", {}), other.labels)


def _matches(selector: Manifest, labels: Mapping[str, str]) -> bool:
    _only(selector, {"matchLabels"})
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def _only(found: Manifest, known: set[str]) -> bool:
    assert found.keys() <= known, f"not understood: {found.keys() - known}"
    return True
