"""The CandleStore of a stream, as what rendering needs to know of it and as the condition StoreReady. Pure."""

from typing import Final

import msgspec

from cryptostream.core.resource.parse_store import parse_store
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.resource.store_spec import External, Managed, StoreSpec
from cryptostream.core.result import Err
from cryptostream_operator.reconcile.observed import Observed
from cryptostream_operator.reconcile.values import Action, Condition, Create, Live, deleting, ref_of
from cryptostream_operator.render import names
from cryptostream_operator.render.influxdb import ORGANIZATION, url
from cryptostream_operator.render.meta import API_VERSION
from cryptostream_operator.render.site import StoreEndpoint

DEFAULT: Final = "default"


class StoreView(msgspec.Struct, frozen=True):
    """What there is of a store; `spec` and `endpoint` are None if nothing can be rendered yet."""

    condition: Condition
    spec: StoreSpec | None = None
    endpoint: StoreEndpoint | None = None
    actions: tuple[Action, ...] = ()


def view(seen: Observed, spec: StreamSpec) -> StoreView:
    """The store that `spec` refers to; one called `default` is made if it is missing."""
    name = spec.store_ref
    if seen.store is None:
        return _missing(seen, name)
    parsed = parse_store(seen.store.manifest)
    if isinstance(parsed, Err):
        return StoreView(_not_ready("StoreInvalid", f"CandleStore {name} is not valid: {parsed.error[0]}"))
    store = parsed.value
    return StoreView(_condition(seen, seen.store, store), store, endpoint(store))


def endpoint(store: StoreSpec) -> StoreEndpoint:
    """Where its InfluxDB answers."""
    match store.instance:
        case Managed() as managed:
            secure = managed.tls == "Managed"
            return StoreEndpoint(url=url(store, managed), org=ORGANIZATION, own_ca=secure, managed=store.name)
        case External() as external:
            return StoreEndpoint(url=external.url, org=external.org, own_ca=external.ca is not None)


def _missing(seen: Observed, name: str) -> StoreView:
    if name != DEFAULT:
        message = f"CandleStore {name} is not there: create it, or correct spec.storeRef."
        return StoreView(_not_ready("StoreNotFound", message))
    manifest = {
        "apiVersion": API_VERSION,
        "kind": "CandleStore",
        "metadata": {
            "name": DEFAULT,
            "namespace": seen.owner.namespace,
            "labels": {names.MANAGED_BY: names.FIELD_MANAGER},
        },
        "spec": {"managed": {}},
    }
    made = Create(ref_of(manifest), manifest, "the stream refers to the default store, which was not there")
    return StoreView(_not_ready("StoreStarting", "The default CandleStore is being made."), actions=(made,))


def _condition(seen: Observed, live: Live, store: StoreSpec) -> Condition:
    if deleting(live):
        return _not_ready("StoreLeaving", f"CandleStore {store.name} is being deleted: make it anew, or wait.")
    conditions = {each["type"]: each for each in (live.manifest.get("status") or {}).get("conditions", ())}
    told = conditions.get("Ready", {"status": "False", "reason": "StoreStarting", "message": "It is being set up."})
    if told["status"] != "True":
        return _not_ready(told["reason"], f"CandleStore {store.name}: {told['message']}")
    refusals = [each.store.last_error for each in seen.answers.values() if each.store and not each.store.reachable]
    if refusals:
        return _not_ready("StoreRefuses", f"CandleStore {store.name} does not take candles: {refusals[0]}")
    if seen.child("Secret", names.store_secret(seen.owner.name)) is None:
        return _not_ready("TokenMissing", f"CandleStore {store.name} has not made the stream's token yet.")
    return Condition("StoreReady", "True", "Ready", f"CandleStore {store.name} takes candles.")


def _not_ready(reason: str, message: str) -> Condition:
    return Condition("StoreReady", "False", reason, message)
