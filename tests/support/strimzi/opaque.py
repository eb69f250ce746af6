"""Secrets as documents: what they hold, and how Strimzi labels them. Pure."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from tests.support.strimzi.api import Manifest
from tests.support.strimzi.told import CLUSTER

KIND = "strimzi.io/kind"
_APP = "app.kubernetes.io"


def opened(secret: Mapping[str, Any] | None) -> dict[str, bytes]:
    """What a Secret holds, nothing if there is none."""
    return {key: b64decode(value) for key, value in ((secret or {}).get("data") or {}).items()}


def sealed(
    name: str,
    owner: Mapping[str, Any],
    data: Mapping[str, bytes | str],
    labels: Mapping[str, str],
    annotations: Mapping[str, str] = {},
) -> Manifest:
    """A Secret that goes with its owner."""
    reference = {
        **{key: owner[key] for key in ("apiVersion", "kind")},
        **{key: owner["metadata"][key] for key in ("name", "uid")},
        "controller": False,
        "blockOwnerDeletion": True,
    }
    metadata = {"name": name, "labels": dict(labels), "ownerReferences": [reference]}
    document: Manifest = {"metadata": metadata, "type": "Opaque", "data": {k: _encoded(v) for k, v in data.items()}}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return document


def labels(cluster: str, kind: str, instance: str, manager: str) -> dict[str, str]:
    """As Strimzi's operator `manager` labels what it makes."""
    return {
        CLUSTER: cluster,
        KIND: kind,
        f"{_APP}/name": manager,
        f"{_APP}/instance": instance,
        f"{_APP}/managed-by": manager,
        f"{_APP}/part-of": f"strimzi-{instance}",
    }


def _encoded(value: bytes | str) -> str:
    return b64encode(value.encode() if isinstance(value, str) else value).decode()
