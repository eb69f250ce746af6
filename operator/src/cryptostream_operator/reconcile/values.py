"""The values that a reconcile is about: objects, actions with reasons, conditions. Frozen; no behaviour."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

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


class Delete(msgspec.Struct, frozen=True):
    """Remove the object, if it is still the one with this uid."""

    ref: Ref
    uid: str
    reason: str


class Keep(msgspec.Struct, frozen=True):
    """The object is as it has to be."""

    ref: Ref


Action = Apply | Delete | Keep

Truth = Literal["True", "False", "Unknown"]


class Condition(msgspec.Struct, frozen=True):
    """One aspect of a resource; `message` says what happened and what helps."""

    type: str
    status: Truth
    reason: str
    message: str


def ref_of(manifest: Manifest) -> Ref:
    """Which object a manifest is of."""
    metadata = manifest["metadata"]
    return Ref(manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"])
