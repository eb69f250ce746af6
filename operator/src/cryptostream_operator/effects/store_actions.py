"""What is done for a CandleStore: certificates, and buckets, tokens and points in its InfluxDB."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import assert_never

import msgspec

from cryptostream.core.resource.parse_store import parse_store
from cryptostream.core.resource.store_spec import StoreSpec
from cryptostream.core.result import Err, Ok, Result, map_err, map_ok
from cryptostream_operator.effects.certificates import Pair, make_authority, make_leaf
from cryptostream_operator.effects.influx_access import open_influx
from cryptostream_operator.effects.influxdb import Administrator, InfluxAdmin, InfluxError, Token
from cryptostream_operator.effects.kube import Kube, KubeError
from cryptostream_operator.reconcile.decide import stamp
from cryptostream_operator.reconcile.values import (
    Erase,
    Issue,
    Live,
    MakeBucket,
    MakeToken,
    Onboard,
    Ref,
    RemoveToken,
    text,
)
from cryptostream_operator.render import names, secret
from cryptostream_operator.render.meta import API_VERSION
from cryptostream_operator.render.site import Owner

StoreAction = Erase | Issue | MakeBucket | MakeToken | Onboard | RemoveToken


class Fault(msgspec.Struct, frozen=True):
    """Why an action was not done; `passing` is whether it may be done later as it is."""

    reason: str
    message: str
    passing: bool


def do(kube: Kube, action: StoreAction, now: Callable[[], int]) -> Result[None, Fault]:
    """One action on the store; of a token's Secret the store is named in it."""
    where = action.ref
    if isinstance(action, MakeToken):
        where = Ref(API_VERSION, "CandleStore", action.stream.namespace, action.store)
    found = kube.get(where)
    if isinstance(found, Err):
        return Err(_of_kube(found.error))
    parsed = None if found.value is None else parse_store(found.value.manifest)
    if found.value is None or not isinstance(parsed, Ok):
        return (
            Ok(None)
            if isinstance(action, Erase)
            else Err(Fault("StoreNotFound", f"{where} is not there", passing=True))
        )
    if isinstance(action, Issue):
        return _issue(kube, found.value, parsed.value, action, now)
    with _influx(kube, parsed.value) as admin:
        if isinstance(admin, Err):
            return admin
        return _inside(kube, admin.value, parsed.value, action)


@contextmanager
def _influx(kube: Kube, store: StoreSpec) -> Iterator[Result[InfluxAdmin, Fault]]:
    opened = open_influx(kube, store)
    if isinstance(opened, Err):
        yield Err(_of_kube(opened.error))
    elif opened.value is None:
        yield Err(Fault("InfluxNotThere", f"the InfluxDB of CandleStore {store.name} is not there", passing=True))
    else:
        try:
            yield Ok(opened.value)
        finally:
            opened.value.close()


def _inside(
    kube: Kube, admin: InfluxAdmin, store: StoreSpec, action: Erase | MakeBucket | MakeToken | Onboard | RemoveToken
) -> Result[None, Fault]:
    match action:
        case Erase():
            return _erase(admin, store, action)
        case MakeBucket():
            return map_err(map_ok(admin.ensure_bucket(action.bucket), _nothing), _of_influx)
        case MakeToken():
            return _make_token(kube, admin, action)
        case Onboard():
            return _onboard(kube, admin, store)
        case RemoveToken():
            return map_err(admin.remove_token(Token(action.id, "")), _of_influx)
        case _:
            assert_never(action)


def _erase(admin: InfluxAdmin, store: StoreSpec, action: Erase) -> Result[None, Fault]:
    for bucket in (store.buckets.raw, store.buckets.enriched):
        done = admin.erase(bucket.name, action.stream)
        if isinstance(done, Err):
            return Err(_of_influx(done.error))
    return Ok(None)


def _make_token(kube: Kube, admin: InfluxAdmin, action: MakeToken) -> Result[None, Fault]:
    """A token that could not be written down is removed at once; nobody knows it."""
    made = admin.make_token(action.description, action.rights)
    if isinstance(made, Err):
        return Err(_of_influx(made.error))
    manifest = secret.store(action.stream, action.store, str(made.value.value), made.value.id, action.ca)
    written = kube.apply(stamp(manifest))
    if isinstance(written, Err):
        admin.remove_token(made.value)
        return Err(_of_kube(written.error))
    return Ok(None)


def _onboard(kube: Kube, admin: InfluxAdmin, store: StoreSpec) -> Result[None, Fault]:
    found = kube.get(Ref("v1", "Secret", store.namespace, names.admin_secret(store.name)))
    if isinstance(found, Err):
        return Err(_of_kube(found.error))
    given = (
        None if found.value is None else [text(found.value, key) for key in ("username", "password", "token", "org")]
    )
    if given is None or None in given:
        return Err(Fault("SecretIncomplete", f"Secret {names.admin_secret(store.name)} lacks a key", passing=True))
    administrator = Administrator(*map(str, given))
    return map_err(map_ok(admin.onboard(administrator), _nothing), _of_influx)


def _issue(kube: Kube, live: Live, store: StoreSpec, action: Issue, now: Callable[[], int]) -> Result[None, Fault]:
    """A leaf by the CA that is there, or by a new one."""
    moment = datetime.fromtimestamp(now() / 1000, UTC)
    signer = kube.get(Ref("v1", "Secret", store.namespace, names.authority_secret(store.name)))
    if isinstance(signer, Err):
        return Err(_of_kube(signer.error))
    known = None if signer.value is None or action.authority else _pair(signer.value)
    authority = known or make_authority(f"{store.namespace}.{store.name}", moment)
    leaf = make_leaf(authority, action.hosts, moment)
    owner = Owner("CandleStore", store.namespace, store.name, live.uid)
    texts = (
        {"ca.crt": authority.certificate, "ca.key": authority.key},
        {"tls.crt": leaf.certificate, "tls.key": leaf.key, "ca.crt": authority.certificate},
    )
    for manifest in secret.certificates(store, owner, *texts):
        written = kube.apply(manifest)
        if isinstance(written, Err):
            return Err(_of_kube(written.error))
    return Ok(None)


def _pair(signer: Live) -> Pair | None:
    certificate, key = text(signer, "ca.crt"), text(signer, "ca.key")
    return None if certificate is None or key is None else Pair(certificate, key)


def _of_kube(error: KubeError) -> Fault:
    return Fault(error.reason, error.message, error.passing)


def _of_influx(error: InfluxError) -> Fault:
    return Fault("InfluxRefuses", error.message, passing=True)


def _nothing(_: object) -> None:
    return None
