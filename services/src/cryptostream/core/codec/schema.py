"""The published JSON Schemas: what is on the log, answered as `/status` and told to services, made from structs. Pure.

The files of the folder `schemas` are `files()`, so that a reader in another language needs no Python.
"""

from collections.abc import Mapping
from inspect import cleandoc
from types import MappingProxyType
from typing import Any, Final

import msgspec

from cryptostream.core.codec.ledger import GapRecord, ProgressRecord
from cryptostream.core.codec.service import Assignment, ServiceConfig
from cryptostream.core.codec.status import Status
from cryptostream.core.codec.versioned import SCHEMA
from cryptostream.core.market.candle import CandleRecord

PUBLISHED: Final[Mapping[str, type[msgspec.Struct]]] = MappingProxyType(
    {
        "candle-record": CandleRecord,
        "ledger-progress": ProgressRecord,
        "ledger-gap": GapRecord,
        "status": Status,
        "service-config": ServiceConfig,
        "service-assignment": Assignment,
    }
)
"""The struct of each published shape, by name."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def files() -> dict[str, str]:
    """Names and contents of the published files."""
    schemas = {f"{name}.v{SCHEMA}.json": json_schema(name) for name in PUBLISHED}
    return {
        name: f"{msgspec.json.format(msgspec.json.encode(schema), indent=2).decode()}\n"
        for name, schema in schemas.items()
    }


def json_schema(name: str) -> dict[str, Any]:
    """The schema of what is written as `name`: every field is there. Fields may be added, so others are allowed."""
    (schema,), definitions = msgspec.json.schema_components([PUBLISHED[name]], ref_template="#/$defs/{name}")
    written = {title: _as_written(definition) for title, definition in definitions.items()}
    return {"$schema": _DIALECT, "title": name, **schema, "$defs": written}


def _as_written(definition: dict[str, Any]) -> dict[str, Any]:
    """A decoder takes absent fields for their defaults; what is written has every field, and its version."""
    properties = {name: dict(field) for name, field in definition["properties"].items()}
    for field in properties.values():
        field.pop("default", None)
    if "schema" in properties:
        properties["schema"] = {"const": SCHEMA}
    description = cleandoc(definition["description"])
    return {**definition, "description": description, "properties": properties, "required": list(properties)}
