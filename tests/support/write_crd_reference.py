"""Writes docs/crd-reference.md anew: `python -m tests.support.write_crd_reference`, after a change in crds/."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests.support.data import ROOT

PAGE = ROOT / "docs/crd-reference.md"
HEAD = """# Reference of the resources

Made from `crds/` by `python -m tests.support.write_crd_reference`: do not edit. How they are used is in
[resource.md](resource.md), how they are carried out in [operator.md](operator.md). `kubectl explain cryptostream.spec`
says the same.
"""
Schema = Mapping[str, Any]


def page() -> str:
    """The whole page, from the definitions in crds/."""
    kinds = (yaml.safe_load((ROOT / "crds" / name).read_text()) for name in ("cryptostreams.yaml", "candlestores.yaml"))
    return "\n".join((HEAD, *(line for crd in kinds for line in _kind(crd))))


def _kind(crd: Schema) -> Iterator[str]:
    names, (version,) = crd["spec"]["names"], crd["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    yield f"## {names['kind']}"
    yield ""
    yield f"`{crd['spec']['group']}/{version['name']}`, short `{names['shortNames'][0]}`. {schema['description']}"
    yield ""
    yield from _rules("the resource", schema)
    for part in ("spec", "status"):
        yield f"### {names['kind']} {part}"
        yield ""
        yield "| field | type | default | meaning |"
        yield "|---|---|---|---|"
        yield from _rows(schema["properties"][part], part)
        yield ""
        yield from _rules(part, schema["properties"][part])


def _rows(schema: Schema, path: str) -> Iterator[str]:
    for name, each in schema.get("properties", {}).items():
        where = f"{path}.{name}"
        default = "" if "default" not in each or each["default"] in ({}, []) else f"`{_shown(each['default'])}`"
        needed = ", required" if name in schema.get("required", ()) else ""
        meaning = each.get("description", "").replace("|", "\\|")
        yield f"| `{where}` | {_type(each)}{needed} | {default} | {meaning} |"
        yield from _rows(each, where)
        yield from _rows(each.get("items", {}), f"{where}[]")


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return " \\| ".join(map(str, schema["enum"]))
    kind = "integer or string" if schema.get("x-kubernetes-int-or-string") else schema.get("type", "")
    if kind == "array":
        return f"list of {_range(schema, 'minItems', 'maxItems')}{_type(schema['items'])}"
    length = _range(schema, "minLength", "maxLength")
    return f"{kind} of {length}characters" if length else f"{kind} {_range(schema, 'minimum', 'maximum')}".strip()


def _range(schema: Schema, least: str, most: str) -> str:
    if least not in schema and most not in schema:
        return ""
    return f"{schema.get(least, 0)} to {schema[most]} " if most in schema else f"at least {schema[least]} "


def _rules(path: str, schema: Schema) -> Iterator[str]:
    """The rules between fields; those of one field stand in its message when it is refused."""
    rules = [each["message"] for each in schema.get("x-kubernetes-validations", ())]
    if rules:
        yield f"Of {path} as a whole: " + "; ".join(rules) + "."
        yield ""


def _shown(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=1000).strip().removesuffix("...").strip()


if __name__ == "__main__":
    PAGE.write_text(page())
