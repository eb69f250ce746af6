"""The reconcile of a CandleStore: what was observed → what is to be done, and what is to be said. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from cryptostream.core.resource.store_spec import Bucket, External, Managed, StoreSpec
from cryptostream.core.result import Err, Ok
from cryptostream_operator.reconcile import conditions, store_told, tokens
from cryptostream_operator.reconcile.decide import decide
from cryptostream_operator.reconcile.drift import quantity
from cryptostream_operator.reconcile.observed import Outcome
from cryptostream_operator.reconcile.observed_store import InfluxSeen, ObservedStore
from cryptostream_operator.reconcile.renewal import reason_to_renew
from cryptostream_operator.reconcile.store_leaving import leave
from cryptostream_operator.reconcile.stream import hold
from cryptostream_operator.reconcile.times import moment
from cryptostream_operator.reconcile.values import (
    Action,
    Apply,
    Create,
    Issue,
    Live,
    MakeBucket,
    Manifest,
    Onboard,
    Ref,
    deleting,
    owner_uids,
    ref_of,
)
from cryptostream_operator.render import influxdb, names, secret
from cryptostream_operator.render.influxdb import ORGANIZATION, StoreSite

ADMINISTRATOR: Final = "admin"


def reconcile(seen: ObservedStore) -> Outcome:
    """What is to be done about a store, and its conditions but for those that follow from others."""
    if deleting(seen.resource):
        return leave(seen)
    if isinstance(seen.spec, Err):
        return Outcome(actions=hold(seen.resource), conditions=(conditions.accepted(seen.spec.error),))
    store = seen.spec.value
    made: tuple[Action, ...] = ()
    match store.instance:
        case Managed() as managed:
            made = tuple(_managed(seen, store, managed))
        case External():
            pass
    inside = tuple(_inside(seen, store))
    told = store_told.conditions_of(seen, store, inside)
    return Outcome(
        actions=(*hold(seen.resource), *made, *decide(tokens.kept(seen), tokens.secrets(seen)), *inside),
        conditions=told,
        interests=frozenset(_interests(seen, store)),
        again_after=_again(seen, store),
    )


def _managed(seen: ObservedStore, store: StoreSpec, managed: Managed) -> Iterator[Action]:
    """The pod, its Service and volume, and what they need before."""
    admin = seen.child("Secret", names.admin_secret(store.name))
    if admin is None:
        manifest = secret.administrator(store, seen.owner, _administrator(seen))
        yield Create(ref_of(manifest), manifest, "the store has no administrator yet")
    if managed.tls == "Managed":
        yield from _certificate(seen, store)
    grown = _grown(seen, store, managed)
    if grown is not None:
        yield grown
    desired = [each for each in _rendered(seen, store, managed) if _may_be_made(seen, managed, each)]
    yield from decide(desired, _own(seen))


def _administrator(seen: ObservedStore) -> Mapping[str, str]:
    password, token = seen.drawn
    return {"username": ADMINISTRATOR, "password": password, "token": token, "org": ORGANIZATION}


def _certificate(seen: ObservedStore, store: StoreSpec) -> Iterator[Issue]:
    host = influxdb.host(store)
    hosts = (host, f"{host}.cluster.local")
    now = moment(seen.now)
    authority = seen.authority_ends is None or seen.authority_ends <= now
    found = seen.certificate
    if found is None or authority:
        reason: str | None = "there is no certificate yet" if found is None else "its CA is at its end"
    else:
        reason = reason_to_renew(found.begins, found.ends, found.hosts, hosts, now)
    if reason is not None:
        yield Issue(seen.resource.ref, hosts, authority, reason)


def _rendered(seen: ObservedStore, store: StoreSpec, managed: Managed) -> tuple[Manifest, ...]:
    """The children; of a volume that has grown, the StatefulSet keeps the size that it began with."""
    there = seen.child("StatefulSet", names.store(store.name))
    began = managed if there is None else replace(managed, storage_size=_claimed(there))
    digest = seen.certificate.digest if seen.certificate else ""
    site = StoreSite(owner=seen.owner, images=seen.settings.images, certificate=digest)
    return influxdb.children(store, began, site)


def _claimed(stateful_set: Live) -> str:
    (claim,) = stateful_set.manifest["spec"]["volumeClaimTemplates"]
    return str(claim["spec"]["resources"]["requests"]["storage"])


def _may_be_made(seen: ObservedStore, managed: Managed, manifest: Manifest) -> bool:
    return manifest["kind"] != "StatefulSet" or managed.tls == "None" or seen.certificate is not None


def _grown(seen: ObservedStore, store: StoreSpec, managed: Managed) -> Apply | None:
    """A volume is grown in its claim; the StatefulSet's own template cannot change."""
    claim = seen.child("PersistentVolumeClaim", influxdb.claim_name(store))
    if claim is None:
        return None
    has = quantity(claim.manifest["spec"]["resources"]["requests"]["storage"])
    wants = quantity(managed.storage_size)
    if has is None or wants is None or wants <= has:
        return None
    manifest = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": claim.ref.name, "namespace": claim.ref.namespace, "uid": claim.uid},
        "spec": {"resources": {"requests": {"storage": managed.storage_size}}},
    }
    return Apply(claim.ref, manifest, f"the volume grows to {managed.storage_size}")


def _own(seen: ObservedStore) -> Iterator[Live]:
    """Children that the renderer speaks of: not volumes, which stay, and not Secrets, which are made otherwise."""
    for each in seen.children:
        if each.ref.kind not in {"PersistentVolumeClaim", "Secret"} and owner_uids(each) <= {seen.resource.uid}:
            yield each


def _inside(seen: ObservedStore, store: StoreSpec) -> Iterator[Action]:
    """What is to be done in InfluxDB itself, as far as it answers."""
    if not isinstance(seen.influx, Ok):
        return
    influx = seen.influx.value
    if influx.fresh:
        if isinstance(store.instance, Managed):
            yield Onboard(seen.resource.ref, "it is new")
        return
    missing = tuple(_buckets(seen, store, influx))
    yield from missing
    if not missing:
        yield from tokens.tokens(seen, store, influx)


def _buckets(seen: ObservedStore, store: StoreSpec, influx: InfluxSeen) -> Iterator[MakeBucket]:
    for bucket in (store.buckets.raw, store.buckets.enriched):
        rule = influx.buckets.get(bucket.name)
        if rule is None:
            yield MakeBucket(seen.resource.ref, bucket, "it is not there")
        elif not fits(rule, bucket):
            yield MakeBucket(seen.resource.ref, bucket, "its retention differs")


def fits(rule: Mapping[str, Any], bucket: Bucket) -> bool:
    """Whether a bucket keeps points as long as it should; a shard duration that nobody asks for is InfluxDB's."""
    if rule.get("everySeconds", 0) != (bucket.retention_seconds or 0):
        return False
    return bucket.shard_seconds is None or rule.get("shardGroupDurationSeconds") == bucket.shard_seconds


def _interests(seen: ObservedStore, store: StoreSpec) -> Iterator[Ref]:
    """Secrets of streams, and of somebody else's InfluxDB."""
    namespace = seen.owner.namespace
    for each in seen.streams:
        yield Ref("v1", "Secret", namespace, names.store_secret(each.ref.name))
    if isinstance(store.instance, External):
        yield Ref("v1", "Secret", namespace, store.instance.token.name)


def _again(seen: ObservedStore, store: StoreSpec) -> float | None:
    """Somebody else's InfluxDB and its Secrets are not watched: soon while it is not usable, else now and then."""
    if isinstance(store.instance, External):
        return 60.0 if isinstance(seen.influx, Ok) else 10.0
    return None
