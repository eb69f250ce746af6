"""Who leads, by a Lease: what a candidate does next. Pure.

Clocks of different machines are not compared: a lease is over if nobody has renewed it for its length on our own clock.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from cryptostream_operator.reconcile.values import Live
from cryptostream_operator.render import names

LENGTH: Final = 15
"""Seconds after which a Lease that is not renewed may be taken, unless the operator is told otherwise."""
RENEW: Final = 1 / 3
"""Of its length, the time between renewals."""
HELD: Final = 2 / 3
"""Of its length, the time after a renewal for which a leader may write: less than all, so that two never do."""


class Glimpse(msgspec.Struct, frozen=True):
    """A version of the Lease, and when it was first seen on our own clock."""

    version: str
    at: float


def seen_since(former: Glimpse | None, live: Live, at: float) -> Glimpse:
    """Since when the Lease is as it is."""
    version = str(live.manifest["metadata"]["resourceVersion"])
    return former if former is not None and former.version == version else Glimpse(version, at)


def may_take(live: Live, me: str, seen: Glimpse, at: float) -> bool:
    """Whether the Lease is ours, nobody's, or over."""
    spec = live.manifest.get("spec", {})
    holder = spec.get("holderIdentity")
    return holder in {None, "", me} or at - seen.at > float(spec.get("leaseDurationSeconds", LENGTH))


def fresh(namespace: str, name: str, me: str, now: datetime, length: int) -> dict[str, Any]:
    """A new Lease, held by us."""
    labels = {names.MANAGED_BY: names.FIELD_MANAGER}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": _spec({}, me, now, 0, length),
    }


def held(live: Live, me: str, now: datetime, length: int) -> dict[str, Any]:
    """The Lease as it is after we took or renewed it; `me` empty gives it back."""
    spec = live.manifest.get("spec", {})
    changes = int(spec.get("leaseTransitions", 0)) + (spec.get("holderIdentity") != me)
    return {**live.manifest, "spec": _spec(spec, me, now, changes, length)}


def _spec(former: Mapping[str, Any], me: str, now: datetime, changes: int, length: int) -> dict[str, Any]:
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    begun = former.get("acquireTime") if former.get("holderIdentity") == me else moment
    return {
        "holderIdentity": me,
        "leaseDurationSeconds": length if me else 1,
        "acquireTime": begun or moment,
        "renewTime": moment,
        "leaseTransitions": changes,
    }
