"""Holding a document against a JSON Schema, as far as the published ones go: another keyword fails."""

from typing import Any


def faults(schema: dict[str, Any], definitions: dict[str, Any], value: Any, path: str = "$") -> list[str]:
    """What of `value` is not as `schema` says, by the keywords of JSON Schema 2020-12 that the published ones use."""
    known = {"$ref", "anyOf", "const", "enum", "type", "minimum", "maximum", "properties", "required", "items"}
    known |= {"additionalProperties", "propertyNames", "prefixItems", "minItems", "maxItems", "title", "description"}
    assert set(schema) <= known, f"unknown keywords: {set(schema) - known}"
    if "$ref" in schema:
        return faults(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions, value, path)
    if "anyOf" in schema:
        tried = [faults(each, definitions, value, path) for each in schema["anyOf"]]
        return [] if [] in tried else tried[0]
    if ("const" in schema and value != schema["const"]) or ("enum" in schema and value not in schema["enum"]):
        return [f"{path}: {value!r} is none of the values"]
    if "type" in schema and not _is(schema["type"], value):
        return [f"{path}: {value!r} is no {schema['type']}"]
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return [f"{path}: {value!r} is out of bounds"]
    return _faults_within(schema, definitions, value, path)


def _faults_within(schema: dict[str, Any], definitions: dict[str, Any], value: Any, path: str) -> list[str]:
    if isinstance(value, dict):
        found = [f"{path}.{name} is missing" for name in schema.get("required", []) if name not in value]
        others = schema.get("additionalProperties", {})
        for name, each in value.items():
            found += faults(schema.get("properties", {}).get(name, others), definitions, each, f"{path}.{name}")
            found += faults(schema.get("propertyNames", {}), definitions, name, f"{path}.{name}")
        return found
    if isinstance(value, list):
        firsts = schema.get("prefixItems", [])
        rest = schema.get("items") or {}
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return [f"{path} has {len(value)} elements"]
        parts = [*firsts, *([rest] * (len(value) - len(firsts)))]
        pairs = enumerate(zip(parts, value, strict=True))
        return [fault for n, (part, each) in pairs for fault in faults(part, definitions, each, f"{path}[{n}]")]
    return []


def _is(kind: str, value: object) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    kinds: dict[str, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "null": (type(None),),
        "boolean": (),
        "integer": (int,),
        "number": (int, float),
    }
    return isinstance(value, kinds[kind])
