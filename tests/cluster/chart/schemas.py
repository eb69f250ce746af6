"""JSON schemas of the kinds that an API server serves, made of its own OpenAPI: unknown fields are refused."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support.parts.kubernetes import ApiServer

Schema = dict[str, Any]
GIVEN = "x-kubernetes-group-version-kind"
OPEN = "x-kubernetes-preserve-unknown-fields"
LOCATION = "{{ .Group }}-{{ .ResourceAPIVersion }}-{{ .ResourceKind }}.json"
"""Where kubeconform looks; a kind of the core has no group, and its version stands there."""


def write_schemas(api: ApiServer, folder: Path) -> str:
    """A file for each kind, and the place by which kubeconform finds them."""
    for path in api.ask("GET", "/openapi/v3").json()["paths"]:
        if path.startswith(("api/", "apis/")) and path.count("/") >= path.startswith("apis/") + 1:
            for name, schema in of_kinds(api.ask("GET", f"/openapi/v3/{path}").json()):
                (folder / name).write_text(json.dumps(schema))
    return str(folder / LOCATION)


def of_kinds(document: Mapping[str, Any]) -> Iterator[tuple[str, Schema]]:
    """Name and strict schema of each kind in an OpenAPI document (version 3) of one group and version."""
    parts = {name: strict(each) for name, each in document.get("components", {}).get("schemas", {}).items()}
    for name, schema in parts.items():
        for kind in schema.get(GIVEN, ()):
            if "metadata" in schema.get("properties", {}):
                group = kind["group"] or kind["version"]
                file = f"{group}-{kind['version']}-{kind['kind'].lower()}.json"
                yield file, {"$ref": f"#/components/schemas/{name}", "components": {"schemas": parts}}


def strict(schema: Any) -> Any:
    """The same, with objects closed that name their properties and are not said to be open."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    named = isinstance(schema.get("properties"), dict) and schema.get("type") == "object"
    if named and "additionalProperties" not in schema and not schema.get(OPEN):
        closed["additionalProperties"] = False
    return closed
