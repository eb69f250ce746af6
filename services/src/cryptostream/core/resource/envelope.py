"""What every resource has around its `spec`: apiVersion, kind and metadata. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from cryptostream.core.resource.fields import Faults, Field, Parsed, Required, kind, read, record, wrong
from cryptostream.core.resource.scalars import choice, label, name

API_VERSION: Final = "cryptostream.io/v1alpha1"
LONGEST_NAME: Final = 40
"""Names of topics, users and pods are made of it."""


class Metadata(msgspec.Struct, frozen=True):
    """Of `metadata`, what the specs need."""

    name: str
    namespace: str


class Envelope(msgspec.Struct, frozen=True):
    """A document taken apart. `spec` is as it was written; None if there is none, which is a fault."""

    metadata: Metadata
    spec: Mapping[Any, object] | None


def envelope(document: object, kind_name: str) -> Parsed[Envelope]:
    """The parts of a document that is to be of kind `kind_name`."""
    if not isinstance(document, Mapping):
        remedy = f"begin with apiVersion: {API_VERSION} and kind: {kind_name}"
        return wrong("document", f"must be an object, not {kind(document)}", remedy)
    parts, faults = read(document, "", _fields(kind_name))
    return Parsed(Envelope(parts["metadata"], parts["spec"]), faults)


def unknown_kind(document: Mapping[Any, object], *kinds: str) -> Faults:
    """The faults of a document that is of none of `kinds`."""
    return read({"kind": document.get("kind")}, "", (Field("kind", choice(*kinds), Required(f"write {kinds[0]}")),))[1]


def _fields(kind_name: str) -> tuple[Field, ...]:
    metadata = record(
        _metadata,
        (
            Field("name", name(LONGEST_NAME, kind_name), Required(f"give the {kind_name} a name", "")),
            Field("namespace", label, "default"),
            *(Field(other, _anything) for other in _OTHERS),
        ),
    )
    return (
        Field("apiVersion", choice(API_VERSION), Required(f"write {API_VERSION}")),
        Field("kind", choice(kind_name), Required(f"write {kind_name}")),
        Field("metadata", metadata, Required("write for example metadata: {name: majors}", Metadata("", "default"))),
        Field("spec", _object, Required("say what you want below it")),
        Field("status", _anything),
    )


def _metadata(name: str, namespace: str, **_: object) -> Metadata:
    return Metadata(name, namespace)


def _anything(value: object, path: str) -> Parsed[object]:
    """Of the API server: not for us to judge."""
    del path
    return Parsed(value)


def _object(value: object, path: str) -> Parsed[Mapping[Any, object]]:
    if isinstance(value, Mapping):
        return Parsed(value)
    return wrong(path, f"must be an object, not {kind(value)}", "write its fields below it, indented")


_OTHERS: Final = (
    *("labels", "annotations", "finalizers", "ownerReferences", "managedFields", "generateName"),
    *("uid", "generation", "resourceVersion", "selfLink"),
    *("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"),
)
"""Metadata that belongs to the user's tools and the API server."""
