"""What is said of a CandleStore: its conditions and its status. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cryptostream.core.resource.store_spec import Managed, StoreSpec
from cryptostream.core.result import Err, Ok
from cryptostream_operator.reconcile import conditions
from cryptostream_operator.reconcile.observed import Outcome
from cryptostream_operator.reconcile.observed_store import ObservedStore
from cryptostream_operator.reconcile.pods import summary
from cryptostream_operator.reconcile.stored import endpoint
from cryptostream_operator.reconcile.times import moment, rfc3339
from cryptostream_operator.reconcile.values import Action, Condition, MakeBucket, Onboard, deleting

Document = Mapping[str, Any]


def conditions_of(seen: ObservedStore, store: StoreSpec, todo: Iterable[Action]) -> tuple[Condition, ...]:
    """Accepted, InfluxReady, BucketsReady and CertificateValid; `todo` is what remains to be done in InfluxDB."""
    return (conditions.accepted(()), _influx(seen, store), _buckets(seen, tuple(todo)), *_certificate(seen, store))


def document(seen: ObservedStore, outcome: Outcome, failures: Iterable[str]) -> Document:
    """The whole status; what is not known any more is null, which takes it away."""
    former = list((seen.resource.manifest.get("status") or {}).get("conditions", ()))
    generation = seen.resource.manifest["metadata"]["generation"]
    told = tuple(_all(seen, outcome, failures))
    where = endpoint(seen.spec.value) if isinstance(seen.spec, Ok) else None
    return {
        "observedGeneration": generation,
        "conditions": conditions.listed(told, former, generation, rfc3339(seen.now)),
        "url": where and where.url,
        "org": where and where.org,
        "streams": len(seen.streams),
        "certificateExpires": seen.certificate and f"{seen.certificate.ends:%Y-%m-%dT%H:%M:%SZ}",
    }


def _all(seen: ObservedStore, outcome: Outcome, failures: Iterable[str]) -> Iterator[Condition]:
    told = (*outcome.conditions, conditions.applied(failures))
    yield from told
    if deleting(seen.resource):
        waits = "; ".join(outcome.left) or "nothing"
        yield Condition("Ready", "False", "Deleting", f"The store is being deleted and waits for: {waits}.")
        return
    wrong = next((each for each in told if each.status != "True"), None)
    if wrong is None:
        yield Condition("Ready", "True", "Ready", "It takes candles.")
    else:
        yield Condition("Ready", wrong.status, wrong.reason, wrong.message)


def _influx(seen: ObservedStore, store: StoreSpec) -> Condition:
    match seen.influx:
        case Ok():
            return Condition("InfluxReady", "True", "Answers", "InfluxDB answers.")
        case Err(error):
            return Condition("InfluxReady", "False", "Unreachable", f"InfluxDB cannot be used: {error}")
        case None:
            return _not_asked(seen, store)


def _not_asked(seen: ObservedStore, store: StoreSpec) -> Condition:
    if not isinstance(store.instance, Managed):
        return Condition(
            "InfluxReady", "False", "SecretNotFound", "The Secret of spec.external is not there, or lacks its key."
        )
    said = summary(seen.pods, 1).complaint
    message = f"The pod of InfluxDB does not run: {said}" if said else "The pod of InfluxDB is starting."
    return Condition("InfluxReady", "False", "Failing" if said else "Starting", message)


def _buckets(seen: ObservedStore, todo: tuple[Action, ...]) -> Condition:
    if not isinstance(seen.influx, Ok):
        return Condition("BucketsReady", "Unknown", "NoAnswer", "InfluxDB does not answer.")
    missing = [each.bucket.name for each in todo if isinstance(each, MakeBucket)]
    if missing or any(isinstance(each, Onboard) for each in todo):
        return Condition("BucketsReady", "False", "Making", "The buckets are being made.")
    return Condition("BucketsReady", "True", "Ready", "The buckets are there.")


def _certificate(seen: ObservedStore, store: StoreSpec) -> Iterator[Condition]:
    if not isinstance(store.instance, Managed) or store.instance.tls == "None":
        return
    if seen.certificate is None:
        yield Condition("CertificateValid", "False", "Making", "The certificate is being made.")
    elif seen.certificate.ends <= moment(seen.now):
        yield Condition("CertificateValid", "False", "Expired", f"The certificate ended at {seen.certificate.ends}.")
    else:
        yield Condition("CertificateValid", "True", "Valid", "The certificate is valid.")
