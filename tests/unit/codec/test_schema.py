"""The published JSON Schemas are those of the structs, and what is written has exactly their fields."""

import json
from typing import Any

import pytest

from cryptostream.core.codec import ledger, record, service, status
from cryptostream.core.codec.schema import PUBLISHED, files, json_schema
from tests.support.json_schema import faults
from tests.support.service_files import ASSIGNMENT, CONFIG
from tests.support.write_schemas import FOLDER
from tests.unit.codec.examples import RECORD
from tests.unit.codec.test_ledger import GAP, PROGRESS
from tests.unit.codec.test_status import STATUS

WRITTEN = {
    "candle-record": record.encode(RECORD),
    "ledger-progress": ledger.encode(PROGRESS),
    "ledger-gap": ledger.encode(GAP),
    "status": status.encode(STATUS),
    "service-config": service.encode(CONFIG),
    "service-assignment": service.encode(ASSIGNMENT),
}


def test_the_published_files_are_current() -> None:
    published = {file.name: file.read_text() for file in FOLDER.iterdir()}
    assert published == files(), "run `python -m tests.support.write_schemas`"


def check(name: str, document: Any) -> list[str]:
    published = json.loads((FOLDER / f"{name}.v1.json").read_text())
    return faults({"$ref": published["$ref"]}, published["$defs"], document)


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_written_is_as_published(name: str) -> None:
    document = json.loads(WRITTEN[name])
    assert check(name, document) == []
    assert check(name, document | {"added_later": 1}) == []
    (top,) = [json_schema(name)["$defs"][PUBLISHED[name].__name__]]
    assert list(document) == list(top["properties"]) == top["required"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_schemas_refuse_what_is_otherwise(name: str) -> None:
    document = json.loads(WRITTEN[name])
    for field in document:
        assert check(name, {key: value for key, value in document.items() if key != field}), field
        assert check(name, document | {field: {"neither": "type"}}), field
    assert check(name, document | {"schema": 2})
    assert check(name, [document])


def test_every_schema_says_what_it_is_about() -> None:
    for name, text in files().items():
        schema = json.loads(text)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert name == f"{schema['title']}.v1.json"
        assert all(definition["description"] for definition in schema["$defs"].values())
