"""Reads all that a reconcile of a CandleStore looks at."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec
from msgspec.structs import replace

from cryptostream.core.resource.parse_store import parse_store
from cryptostream.core.resource.store_spec import StoreSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream_operator.effects.certificates import life_of
from cryptostream_operator.effects.influx_access import authority, open_influx
from cryptostream_operator.effects.influxdb import InfluxAdmin, InfluxError
from cryptostream_operator.effects.kube import Kube, KubeError
from cryptostream_operator.reconcile.observed import Settings
from cryptostream_operator.reconcile.observed_store import CertificateSeen, InfluxSeen, KnownToken, ObservedStore
from cryptostream_operator.reconcile.values import Live, Ref, text
from cryptostream_operator.render import names
from cryptostream_operator.render.meta import API_VERSION

_KINDS: Final = (
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "StatefulSet"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
)


def _untold(_: Ref, __: datetime | None) -> None: ...


class StoreObserver(msgspec.Struct, frozen=True):
    """Looks at stores. `clock` gives milliseconds, `draw` a fresh secret; `certified` is told when certificates end."""

    kube: Kube
    settings: Settings
    clock: Callable[[], int]
    draw: Callable[[], str]
    certified: Callable[[Ref, datetime | None], None] = _untold

    def observe(self, ref: Ref) -> Result[ObservedStore | None, KubeError]:
        """The store and all around it; None if it is gone."""
        found = self.kube.get(ref)
        if isinstance(found, Err):
            return found
        if found.value is None:
            self.certified(ref, None)
            return Ok(None)
        labels = f"{names.STORE}={ref.name}"
        children: tuple[Live, ...] = ()
        for api_version, kind in _KINDS:
            read = self.kube.list(api_version, kind, ref.namespace, labels)
            if isinstance(read, Err):
                return read
            children += read.value
        pods = self.kube.list("v1", "Pod", ref.namespace, labels)
        streams = self.kube.list(API_VERSION, "CryptoStream", ref.namespace)
        if isinstance(pods, Err):
            return pods
        if isinstance(streams, Err):
            return streams
        seen = ObservedStore(
            resource=found.value,
            spec=parse_store(found.value.manifest),
            now=self.clock(),
            settings=self.settings,
            children=children,
            pods=pods.value,
            streams=tuple(each for each in streams.value if _store_of(each) == ref.name),
            drawn=(self.draw(), self.draw()),
        )
        certified = _certified(seen)
        self.certified(ref, _first_end(certified))
        return Ok(self.look(certified))

    def look(self, seen: ObservedStore) -> ObservedStore:
        """The same a little later: InfluxDB is asked again, nothing else is."""
        if isinstance(seen.spec, Err):
            return replace(seen, now=self.clock())
        ca = authority(self.kube, seen.spec.value)
        known = ca.value if isinstance(ca, Ok) else seen.ca
        return replace(seen, now=self.clock(), influx=self._influx(seen.spec.value), ca=known)

    def _influx(self, store: StoreSpec) -> Result[InfluxSeen, str] | None:
        opened = open_influx(self.kube, store)
        if isinstance(opened, Err):
            return Err(opened.error.message)
        if opened.value is None:
            return None
        try:
            asked = _ask(opened.value)
        finally:
            opened.value.close()
        return asked if isinstance(asked, Ok) else Err(asked.error.message)


def _ask(admin: InfluxAdmin) -> Result[InfluxSeen, InfluxError]:
    fresh = admin.is_fresh()
    if isinstance(fresh, Err):
        return fresh
    if fresh.value:
        return Ok(InfluxSeen(fresh=True))
    tokens, rules = admin.tokens(), admin.rules()
    if isinstance(tokens, Err):
        return tokens
    if isinstance(rules, Err):
        return rules
    known = tuple(KnownToken(each.id, each.description) for each in tokens.value)
    return Ok(InfluxSeen(fresh=False, tokens=known, buckets=rules.value))


def _certified(seen: ObservedStore) -> ObservedStore:
    """With what its certificates say; one that cannot be read is as good as none."""
    name = seen.owner.name
    leaf = seen.child("Secret", names.certificate_secret(name))
    signer = seen.child("Secret", names.authority_secret(name))
    ends = None if signer is None else _seen(text(signer, "ca.crt"))
    return replace(
        seen,
        certificate=None if leaf is None else _seen(text(leaf, "tls.crt")),
        authority_ends=None if ends is None else ends.ends,
    )


def _first_end(seen: ObservedStore) -> datetime | None:
    leaf = None if seen.certificate is None else seen.certificate.ends
    return min((each for each in (leaf, seen.authority_ends) if each is not None), default=None)


def _seen(certificate: str | None) -> CertificateSeen | None:
    if certificate is None:
        return None
    try:
        life = life_of(certificate)
    except ValueError:
        return None
    return CertificateSeen(life.begins, life.ends, life.hosts, sha256(certificate.encode()).hexdigest()[:16])


def _store_of(stream: Live) -> object:
    return stream.manifest.get("spec", {}).get("storeRef", {}).get("name", "default")
