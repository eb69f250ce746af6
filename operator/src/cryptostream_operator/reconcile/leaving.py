"""A stream that is being deleted: its pods go first, then users, then topics as its policy says. Pure.

A deletion never hangs: after a time it ends although others have not answered, and says what it has left behind. What
has an owner reference in the stream's namespace is Kubernetes' to remove.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from cryptostream.core.result import Ok
from cryptostream_operator.reconcile.claims import mine
from cryptostream_operator.reconcile.observed import Observed, Outcome
from cryptostream_operator.reconcile.times import millis
from cryptostream_operator.reconcile.values import (
    Action,
    Apply,
    Delete,
    Erase,
    Finalize,
    Live,
    Manifest,
    deleting,
    finalizers_of,
    owner_uids,
)
from cryptostream_operator.render import names

_WHY: Final = "the stream is being deleted"


def reconcile(seen: Observed) -> Outcome:
    """The next steps of a deletion; without the finalizer there is nothing left to do."""
    if names.FINALIZER not in finalizers_of(seen.resource):
        return Outcome(actions=())
    spent = _spent(seen)
    workloads = tuple(_remove(each for each in _own(seen) if each.ref.kind in {"Deployment", "ScaledObject"}))
    running = tuple(f"{each.ref} is still running" for each in seen.pods)
    if (workloads or running) and spent < 0.5:
        return Outcome(actions=workloads, left=running, again_after=1.0)
    claimed = [each for each in seen.beside_kafka if mine(each, seen.owner)]
    kept = [] if _erases(seen) else [each for each in claimed if each.ref.kind == "KafkaTopic"]
    gone = [each for each in claimed if each not in kept]
    actions = (*workloads, *_remove(gone), *_orphans(kept))
    left = (*running, *(f"{each.ref} is not removed yet by Strimzi" for each in gone))
    if left and spent < 1:
        return Outcome(actions=actions, left=left, again_after=1.0)
    end = release(seen.resource, left, after_all=spent < 1)
    return Outcome(actions=(*actions, *_erase(seen), end), left=left, again_after=2.0)


def _spent(seen: Observed) -> float:
    """How much of the patience with others is spent; 1 is all."""
    asked = millis(seen.resource.manifest["metadata"]["deletionTimestamp"]) or seen.now
    return (seen.now - asked) / (seen.settings.deletion_patience_seconds * 1000)


def release(resource: Live, left: Iterable[str], *, after_all: bool) -> Finalize:
    """The operator has done what it could; `after_all` unless something before it has failed."""
    others = tuple(each for each in finalizers_of(resource) if each != names.FINALIZER)
    behind = "; ".join(left)
    reason = f"it ends and leaves behind: {behind}" if behind else "nothing is left to do"
    version = resource.manifest["metadata"]["resourceVersion"]
    return Finalize(resource.ref, others, version, reason, after_all)


def _own(seen: Observed) -> Iterator[Live]:
    return (each for each in seen.children if owner_uids(each) <= {seen.resource.uid})


def _remove(live: Iterable[Live]) -> Iterator[Action]:
    return (Delete(each.ref, each.uid, _WHY) for each in live if not deleting(each))


def _erases(seen: Observed) -> bool:
    """Whether topics and candles go too; if nobody can tell what the resource says, they stay."""
    return isinstance(seen.spec, Ok) and seen.spec.value.deletion_policy == "Delete"


def _erase(seen: Observed) -> Iterator[Action]:
    if _erases(seen) and isinstance(seen.spec, Ok) and seen.store is not None:
        yield Erase(seen.store.ref, seen.spec.value.stream, f"{_WHY} with its candles")


def _orphans(topics: Iterable[Live]) -> Iterator[Action]:
    """Topics stay, with the name of their stream, so that another one of this name may have them again."""
    for each in topics:
        if each.manifest["metadata"].get("labels", {}).get(names.OWNER):
            yield Apply(each.ref, _without_uid(each), f"{_WHY}; its topics are retained")


def _without_uid(topic: Live) -> Manifest:
    """All that the operator has set but the uid, which server-side apply then takes away."""
    metadata = topic.manifest["metadata"]
    labels = {name: value for name, value in metadata.get("labels", {}).items() if name != names.OWNER}
    kept = {"name": topic.ref.name, "namespace": topic.ref.namespace, "labels": labels}
    annotations = {names.OWNER_NAME: metadata["annotations"][names.OWNER_NAME]}
    return {
        "apiVersion": topic.ref.api_version,
        "kind": topic.ref.kind,
        "metadata": {**kept, "annotations": annotations},
        "spec": topic.manifest["spec"],
    }
