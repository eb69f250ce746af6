"""The metadata of children: names, labels and who owns them. Pure."""

from collections.abc import Mapping
from typing import Any

from cryptostream_operator.render import names
from cryptostream_operator.render.site import Owner

API_VERSION = "cryptostream.io/v1alpha1"


def metadata(
    owner: Owner, name: str, component: names.Component, annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Of a child in its owner's namespace, which goes when the owner goes."""
    return {
        "name": name,
        "namespace": owner.namespace,
        "labels": dict(names.labels(owner.name, component)),
        "ownerReferences": [reference(owner)],
        **({"annotations": dict(annotations)} if annotations else {}),
    }


def kept(owner: Owner, name: str, component: names.Component) -> dict[str, Any]:
    """Of a child that stays when its owner goes."""
    return {"name": name, "namespace": owner.namespace, "labels": dict(names.labels(owner.name, component))}


def elsewhere(owner: Owner, namespace: str, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Of a child in another namespace, where owner references do not reach: a label claims it."""
    return {
        "name": name,
        "namespace": namespace,
        "labels": {**labels, "app.kubernetes.io/managed-by": names.FIELD_MANAGER, names.OWNER: owner.uid},
        "annotations": {names.OWNER_NAME: f"{owner.namespace}/{owner.name}"},
    }


def reference(owner: Owner) -> dict[str, Any]:
    """The owner reference; the owner waits for nothing."""
    return {
        "apiVersion": API_VERSION,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
