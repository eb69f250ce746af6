"""The reconcile of a stream: what was observed → what is to be done, and what is to be said. Pure.

Every way through it is taken again and again: it does not matter what was done before, only what is there.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from cryptostream.core.resource.fields import Faults
from cryptostream.core.resource.plan import Plan, plan
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream_operator.reconcile import assigned, children, claims, conditions, kafka, leaving, stored
from cryptostream_operator.reconcile.children import Wanted
from cryptostream_operator.reconcile.flow import Flow, flow_of
from cryptostream_operator.reconcile.kafka import Found
from cryptostream_operator.reconcile.observed import Observed, Outcome
from cryptostream_operator.reconcile.pods import is_ready, pods_of, summary
from cryptostream_operator.reconcile.values import (
    Action,
    Condition,
    Delete,
    Finalize,
    Live,
    Ref,
    deleting,
    finalizers_of,
)
from cryptostream_operator.render import names
from cryptostream_operator.render.meta import API_VERSION
from cryptostream_operator.render.site import Site, StoreEndpoint
from cryptostream_operator.render.strimzi import API_VERSION as STRIMZI

UNWATCHED: Final = 10.0
"""Seconds until all is looked at again, where no watch tells that a cause has gone."""
_CLEARS_UNSEEN: Final = frozenset(
    {"NameTaken", "OverLimit", "SecretIncomplete", "SecretNotFound", "StrimziNotInstalled"}
)


def reconcile(seen: Observed) -> Outcome:
    """What is to be done about a stream, and its conditions but for those that follow from others."""
    if deleting(seen.resource):
        return leaving.reconcile(seen)
    if isinstance(seen.spec, Err):
        return _refused(seen, seen.spec.error)
    spec = seen.spec.value
    store = stored.view(seen, spec)
    planned = plan(spec, store.spec)
    found = _kafka(seen, spec, planned)
    kafka_told = _kafka_told(seen, planned, found)
    flow = flow_of(planned.series, spec.objectives, seen.answers.values(), seen.now)
    told = (conditions.accepted(()), kafka_told, store.condition, *_of_pods(seen, spec, flow))
    made: Iterable[Action] = ()
    if isinstance(found, Ok) and store.endpoint is not None:
        site = _site(seen, spec, flow, found.value, store.endpoint)
        made = children.actions(seen, Wanted(spec, planned, site, found.value, kafka_told.status == "True"))
    return Outcome(
        actions=(*hold(seen.resource), *store.actions, *made, *_revoked(seen, kafka_told)),
        conditions=told,
        flow=flow,
        interests=_interests(spec, seen),
        again_after=UNWATCHED if any(each.reason in _CLEARS_UNSEEN for each in told) else None,
    )


def _refused(seen: Observed, faults: Faults) -> Outcome:
    """What cannot be understood changes nothing: what runs goes on as it was."""
    return Outcome(actions=hold(seen.resource), conditions=(conditions.accepted(faults),))


def hold(resource: Live) -> tuple[Action, ...]:
    """The operator's finalizer, before anything is made that a deletion would have to look after."""
    there = finalizers_of(resource)
    if names.FINALIZER in there:
        return ()
    version = resource.manifest["metadata"]["resourceVersion"]
    return (Finalize(resource.ref, (*there, names.FINALIZER), version, "its deletion has to be seen to"),)


def _site(seen: Observed, spec: StreamSpec, flow: Flow, found: Found, store: StoreEndpoint) -> Site:
    return Site(
        owner=seen.owner,
        images=seen.settings.images,
        kafka=found.endpoint,
        store=store,
        served=seen.served,
        generation=assigned.generation(seen, spec),
        banned_until=assigned.banned_until(seen, flow),
        simulated=seen.settings.simulated,
    )


def _kafka(seen: Observed, spec: StreamSpec, planned: Plan) -> Result[Found, Condition]:
    if spec.kafka is None:
        return Err(kafka.not_configured())
    if spec.kafka.cluster_name is None:
        return kafka.elsewhere(spec.kafka, _named(seen.credentials, spec.kafka.secret_name))
    if not seen.strimzi:
        return Err(kafka.not_served())
    where = f"{spec.kafka.cluster_namespace}/{spec.kafka.cluster_name}"
    granted = seen.settings.grants.get(where, ())
    found = kafka.find(spec.kafka, seen.kafka, namespace=spec.namespace, granted=granted)
    if isinstance(found, Err) or seen.kafka is None:
        return found
    refusal = kafka.over_limits(seen.kafka, planned, seen.crowd) or claims.conflict(seen.beside_kafka, seen.owner)
    return found if refusal is None else Err(refusal)


def _named(found: Iterable[Live], name: str | None) -> Live | None:
    return next((each for each in found if each.ref.name == name), None)


def _kafka_told(seen: Observed, planned: Plan, found: Result[Found, Condition]) -> Condition:
    if isinstance(found, Err):
        return found.error
    if found.value.complaint is not None:
        return found.value.complaint
    away = [each.log.last_error for each in seen.answers.values() if each.log and not each.log.reachable]
    if away:
        return kafka.not_ready("KafkaUnreachable", f"the pods do not reach Kafka: {away[0]}")
    if not found.value.endpoint.cluster:
        message = "A Kafka elsewhere: its topics are yours to make; `cryptostream plan` names them."
        return Condition("KafkaReady", "True", "External", message)
    made = [each for each in seen.beside_kafka if each.ref.api_version == STRIMZI]
    return kafka.children(made, len(planned.topics) + len(planned.users))


def _revoked(seen: Observed, told: Condition) -> Iterator[Action]:
    """Without its owner's grant nobody of the stream gets in any more; what is stored stays."""
    if told.reason != "KafkaNotGranted":
        return
    for each in seen.beside_kafka:
        if each.ref.kind == "KafkaUser" and claims.mine(each, seen.owner) and not deleting(each):
            yield Delete(each.ref, each.uid, "the owner of the Kafka does not grant its use any more")


def _of_pods(seen: Observed, spec: StreamSpec, flow: Flow) -> Iterator[Condition]:
    """The conditions that pods answer for."""
    producers, consumers = pods_of(seen.pods, "producer"), pods_of(seen.pods, "consumer")
    until = assigned.banned_until(seen, flow)
    running = conditions.pods("ProducersReady", "producer", summary(producers, 1), suspended=spec.suspend)
    yield running if until is None or spec.suspend else conditions.banned(until)
    there = summary(consumers, _consumers(seen, spec))
    yield conditions.pods("ConsumersReady", "consumer", there, suspended=spec.suspend)
    silent = [each for each in (*producers, *consumers) if is_ready(each) and each.uid not in seen.answers]
    known = replace(flow, known=False) if silent else flow
    yield conditions.fresh(known, suspended=spec.suspend)
    yield conditions.complete(known, spec.objectives, suspended=spec.suspend)


def _consumers(seen: Observed, spec: StreamSpec) -> int:
    """How many there should be: as the autoscaler says, where there is one."""
    found = seen.child("Deployment", names.consumer(spec.name))
    if spec.autoscaling is None or found is None or not seen.served.scaled_object:
        return spec.consumer_replicas
    return int(found.manifest.get("spec", {}).get("replicas", spec.autoscaling.min_replicas))


def _interests(spec: StreamSpec, seen: Observed) -> frozenset[Ref]:
    store = Ref(API_VERSION, "CandleStore", spec.namespace, spec.store_ref)
    near = {store, *(each.ref for each in seen.kin)}
    if spec.kafka is not None and spec.kafka.cluster_name is not None:
        near.add(Ref(STRIMZI, "Kafka", str(spec.kafka.cluster_namespace), spec.kafka.cluster_name))
    return frozenset(near)
