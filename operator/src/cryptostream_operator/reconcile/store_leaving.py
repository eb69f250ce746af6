"""A CandleStore that is being deleted: not while a stream refers to it, and its data as its policy says. Pure."""

from collections.abc import Iterator

from cryptostream.core.resource.store_spec import External, Managed
from cryptostream.core.result import Ok
from cryptostream_operator.reconcile import tokens
from cryptostream_operator.reconcile.leaving import release
from cryptostream_operator.reconcile.observed import Outcome
from cryptostream_operator.reconcile.observed_store import ObservedStore
from cryptostream_operator.reconcile.times import millis
from cryptostream_operator.reconcile.values import Action, Delete, Live, RemoveToken, deleting, finalizers_of
from cryptostream_operator.render import influxdb, names

_WHY = "the store is being deleted"


def leave(seen: ObservedStore) -> Outcome:
    """The next steps of a deletion."""
    if names.FINALIZER not in finalizers_of(seen.resource):
        return Outcome(actions=())
    users = sorted(str(each.ref) for each in seen.streams)
    if users:
        return Outcome(actions=(), left=tuple(f"{each} refers to it" for each in users), again_after=10.0)
    asked = millis(seen.resource.manifest["metadata"]["deletionTimestamp"]) or seen.now
    patient = seen.now - asked < seen.settings.deletion_patience_seconds * 1000
    actions, left = tuple(_data(seen)), tuple(_left(seen))
    if left and patient:
        return Outcome(actions=actions, left=left, again_after=1.0)
    return Outcome(actions=(*actions, release(seen.resource, left, after_all=patient)), left=left, again_after=2.0)


def _erases(seen: ObservedStore) -> bool:
    return isinstance(seen.spec, Ok) and seen.spec.value.deletion_policy == "Delete"


def _data(seen: ObservedStore) -> Iterator[Action]:
    """With the policy Delete, the pod, its volume and then the administrator; tokens of somebody else's InfluxDB."""
    if not isinstance(seen.spec, Ok):
        return
    store = seen.spec.value
    match store.instance:
        case External():
            if isinstance(seen.influx, Ok):
                for each in tokens.of_store(seen, seen.influx.value):
                    yield RemoveToken(seen.resource.ref, each.id, _WHY)
        case Managed() if _erases(seen):
            yield from _remove(seen.child("StatefulSet", names.store(store.name)))
            claim = seen.child("PersistentVolumeClaim", influxdb.claim_name(store))
            if not seen.pods:
                yield from _remove(claim)
            if claim is None:
                yield from _remove(seen.child("Secret", names.admin_secret(store.name)))
        case Managed():
            pass


def _left(seen: ObservedStore) -> Iterator[str]:
    if _erases(seen):
        yield from (f"{each.ref} is still running" for each in seen.pods)
        yield from (f"{each.ref} is there" for each in seen.children if each.ref.kind == "PersistentVolumeClaim")


def _remove(live: Live | None) -> Iterator[Delete]:
    if live is not None and not deleting(live):
        yield Delete(live.ref, live.uid, _WHY)
