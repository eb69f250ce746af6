"""The values that a reconcile is about: objects, actions with reasons, conditions. Frozen; no behaviour."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from cryptostream.core.resource.rights import BucketRight
from cryptostream.core.resource.store_spec import Bucket
from cryptostream_operator.render.site import Owner

Manifest = Mapping[str, Any]
"""A Kubernetes object, or the fields of one that the operator owns, as JSON has it."""


class Ref(msgspec.Struct, frozen=True, order=True):
    """Which object: `api_version` as in a manifest."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Live(msgspec.Struct, frozen=True):
    """An object as the API server has it."""

    ref: Ref
    uid: str
    manifest: Manifest


class Apply(msgspec.Struct, frozen=True):
    """Make the object have these fields, whether it is there or not."""

    ref: Ref
    manifest: Manifest
    reason: str


class Create(msgspec.Struct, frozen=True):
    """Make the object if it is not there; whoever was first is right."""

    ref: Ref
    manifest: Manifest
    reason: str


class Finalize(msgspec.Struct, frozen=True):
    """Make these the finalizers of the resource, if it is still the one with this resource version.

    `after_all` is whether only if all actions before it have succeeded.
    """

    ref: Ref
    finalizers: tuple[str, ...]
    resource_version: str
    reason: str
    after_all: bool = True


class Delete(msgspec.Struct, frozen=True):
    """Remove the object, if it is still the one with this uid."""

    ref: Ref
    uid: str
    reason: str


class Keep(msgspec.Struct, frozen=True):
    """The object is as it has to be."""

    ref: Ref


class Erase(msgspec.Struct, frozen=True):
    """Remove all points of a stream from the InfluxDB of a CandleStore."""

    ref: Ref
    stream: str
    reason: str


class Issue(msgspec.Struct, frozen=True):
    """Make a certificate of a managed InfluxDB for these hosts, and its CA if that is to be made too."""

    ref: Ref
    hosts: tuple[str, ...]
    authority: bool
    reason: str


class Onboard(msgspec.Struct, frozen=True):
    """Set up the new InfluxDB of a CandleStore, with the administrator of its Secret."""

    ref: Ref
    reason: str


class MakeBucket(msgspec.Struct, frozen=True):
    """Make the bucket, or give it its retention."""

    ref: Ref
    bucket: Bucket
    reason: str


class MakeToken(msgspec.Struct, frozen=True):
    """Make a token for the consumers of a stream, and write it into the Secret `ref`."""

    ref: Ref
    stream: Owner
    store: str
    description: str
    rights: tuple[BucketRight, ...]
    ca: str | None
    reason: str


class RemoveToken(msgspec.Struct, frozen=True):
    """Nobody gets into the InfluxDB of the CandleStore with it any more."""

    ref: Ref
    id: str
    reason: str


Action = Apply | Create | Delete | Erase | Finalize | Issue | Keep | MakeBucket | MakeToken | Onboard | RemoveToken

Truth = Literal["True", "False", "Unknown"]


class Condition(msgspec.Struct, frozen=True):
    """One aspect of a resource; `message` says what happened and what helps."""

    type: str
    status: Truth
    reason: str
    message: str


def finalizers_of(live: Live) -> tuple[str, ...]:
    """What holds an object back from being removed."""
    return tuple(live.manifest["metadata"].get("finalizers", ()))


def deleting(live: Live) -> bool:
    """Whether somebody has asked for the object to be removed."""
    return "deletionTimestamp" in live.manifest["metadata"]


def owner_uids(live: Live) -> frozenset[str]:
    """The uids of what owns an object."""
    return frozenset(each["uid"] for each in live.manifest["metadata"].get("ownerReferences", ()))


def text(live: Live, key: str) -> str | None:
    """A value of a Secret, or None if it has none of this name."""
    found = live.manifest.get("data", {}).get(key)
    return None if found is None else b64decode(found).decode()


def ref_of(manifest: Manifest) -> Ref:
    """Which object a manifest is of."""
    metadata = manifest["metadata"]
    return Ref(manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"])
