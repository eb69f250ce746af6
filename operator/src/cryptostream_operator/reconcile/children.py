"""What a stream is made of against what there is: the actions on its children. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from cryptostream.core.resource.plan import Plan
from cryptostream.core.resource.spec import StreamSpec
from cryptostream_operator.reconcile import claims
from cryptostream_operator.reconcile.credentials import kafka_secrets
from cryptostream_operator.reconcile.decide import decide
from cryptostream_operator.reconcile.kafka import Found
from cryptostream_operator.reconcile.observed import Observed
from cryptostream_operator.reconcile.pods import pods_of
from cryptostream_operator.reconcile.values import Action, Apply, Live, Manifest, owner_uids
from cryptostream_operator.render import names
from cryptostream_operator.render.site import Site
from cryptostream_operator.render.stream import ROLES, in_kafka, in_namespace

_BECAUSE: Final = {
    "ScaledObject": "the consumers are not scaled by lag",
    "PodDisruptionBudget": "it would hold up nodes",
}


class Wanted(msgspec.Struct, frozen=True):
    """A stream that can be rendered. `usable` is whether its topics and users are ready."""

    spec: StreamSpec
    plan: Plan
    site: Site
    found: Found
    usable: bool


def actions(seen: Observed, wanted: Wanted) -> tuple[Action, ...]:
    """What differs between what there should be and what there is."""
    desired = tuple(_desired(seen, wanted))
    ours = (*_own(seen), *(each for each in seen.beside_kafka if claims.mine(each, seen.owner)))
    return (*decide(desired, ours, _BECAUSE), *_announced(seen, desired))


def _desired(seen: Observed, wanted: Wanted) -> Iterator[Manifest]:
    """All children, but for Deployments whose pods could not start yet."""
    secrets = tuple(kafka_secrets(seen, wanted.spec, wanted.plan, wanted.site, wanted.found))
    yield from secrets
    yield from in_kafka(wanted.spec, wanted.plan, wanted.site)
    there = {each["metadata"]["name"] for each in secrets}
    for child in in_namespace(wanted.spec, wanted.plan, wanted.site):
        if child["kind"] != "Deployment" or _may_start(seen, wanted, child, there):
            yield child


def _may_start(seen: Observed, wanted: Wanted, deployment: Mapping[str, Any], secrets: set[str]) -> bool:
    """A Deployment is first made once its pods find what they need; after that it stays, whatever happens."""
    if seen.child("Deployment", deployment["metadata"]["name"]) is not None:
        return True
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    mounted = {each["secret"]["secretName"] for each in volumes if "secret" in each}
    stream = wanted.spec.name
    made = {names.store_secret(stream), *(names.kafka_secret(stream, role) for role in ROLES)}
    there = secrets | {each.ref.name for each in seen.children if each.ref.kind == "Secret"}
    return wanted.usable and mounted & made <= there


def _own(seen: Observed) -> Iterator[Live]:
    """What has the stream's label and is not another owner's; the Secret of its store is the store's to make."""
    for each in seen.children:
        ours = owner_uids(each) <= {seen.resource.uid}
        if ours and (each.ref.kind, each.ref.name) != ("Secret", names.store_secret(seen.owner.name)):
            yield each


def _announced(seen: Observed, desired: Iterable[Manifest]) -> Iterator[Action]:
    """A touch to the producer's pods when the assignment has changed: kubelet then brings it at once."""
    name = names.assignment(seen.owner.name)
    text = next((each["data"]["assignment.json"] for each in desired if each["metadata"]["name"] == name), None)
    found = seen.child("ConfigMap", name)
    if found is None or text is None or found.manifest.get("data", {}).get("assignment.json") == text:
        return
    for pod in pods_of(seen.pods, "producer"):
        yield Apply(pod.ref, _touch(pod, str(seen.now)), "the assignment has changed")


def _touch(pod: Live, mark: str) -> Manifest:
    """Its uid keeps a pod that has gone meanwhile from being made."""
    metadata = {"name": pod.ref.name, "namespace": pod.ref.namespace, "uid": pod.uid}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "annotations": {names.ASSIGNMENT: mark}}}
