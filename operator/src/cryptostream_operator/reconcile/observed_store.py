"""All that a reconcile of a store looks at, as values; effects read it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.resource.fields import Faults
from cryptostream.core.resource.store_spec import StoreSpec
from cryptostream.core.result import Result
from cryptostream_operator.reconcile.observed import Settings
from cryptostream_operator.reconcile.values import Live
from cryptostream_operator.render.site import Owner


class KnownToken(msgspec.Struct, frozen=True):
    """A token as InfluxDB lists it: without its value."""

    id: str
    description: str


class InfluxSeen(msgspec.Struct, frozen=True):
    """What an InfluxDB answers: whether it is new, and what it has; `buckets` are rules of retention by name."""

    fresh: bool
    tokens: tuple[KnownToken, ...] = ()
    buckets: Mapping[str, Mapping[str, Any]] = {}


class CertificateSeen(msgspec.Struct, frozen=True):
    """The certificate of a store: how long it is valid, for whom, and a digest of it."""

    begins: datetime
    ends: datetime
    hosts: tuple[str, ...]
    digest: str


class ObservedStore(msgspec.Struct, frozen=True, kw_only=True):
    """A CandleStore and all around it, at a moment.

    Attributes
    ----------
    children
        What has the store's label in its namespace, volume and Secrets of streams included, pods not.
    streams
        The streams of the namespace that refer to it.
    influx
        What its InfluxDB answers, or why it does not; None while there is nobody to ask.
    ca
        The CA by which its certificate is known, None if the system knows it.
    authority_ends
        Until when the CA of a managed store is valid, None if there is none.
    drawn
        A fresh password and a fresh token, in case that an administrator has to be made.
    """

    resource: Live
    spec: Result[StoreSpec, Faults]
    now: Millis
    settings: Settings
    children: tuple[Live, ...] = ()
    pods: tuple[Live, ...] = ()
    streams: tuple[Live, ...] = ()
    influx: Result[InfluxSeen, str] | None = None
    certificate: CertificateSeen | None = None
    authority_ends: datetime | None = None
    ca: str | None = None
    drawn: tuple[str, str] = ("", "")

    @property
    def owner(self) -> Owner:
        """The store as the owner of its children."""
        ref = self.resource.ref
        return Owner("CandleStore", ref.namespace, ref.name, self.resource.uid)

    def child(self, kind: str, name: str) -> Live | None:
        """One of its children."""
        return next((each for each in self.children if (each.ref.kind, each.ref.name) == (kind, name)), None)
