"""One corpus of resources that the API server and the parser accept and refuse alike."""

from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.support.parts.kubernetes import ApiServer
from tests.support.resources import BadResource, bad_resources, good_files

PLURAL = {"CryptoStream": "cryptostreams", "CandleStore": "candlestores"}


def offered(api: ApiServer, document: Any) -> requests.Response:
    """What the API server says to `document`; nothing is stored. As kubectl does, unknown fields are refused."""
    group = f"/apis/{document.get('apiVersion', 'cryptostream.io/v1alpha1')}"
    plural = PLURAL.get(document.get("kind", "CryptoStream"), str(document.get("kind")).lower() + "s")
    path = f"{group}/namespaces/judged/{plural}?dryRun=All&fieldValidation=Strict"
    return api.ask("POST", path, data=yaml.safe_dump(document), headers={"Content-Type": "application/yaml"})


def documents(file: Path) -> list[dict[str, Any]]:
    """The resources in a file, as kubectl reads them."""
    return list(yaml.load_all(file.read_text(), Loader=_Loader))


def moved(document: dict[str, Any]) -> dict[str, Any]:
    """The resource in the namespace of this test, without what only a stored object has; any other is left as it is."""
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("namespace") != "market":
        return document
    kept = {name: value for name, value in metadata.items() if name not in {"resourceVersion", "uid"}}
    return {**document, "metadata": {**kept, "namespace": "judged"}}


class _Loader(yaml.SafeLoader):
    """YAML as kubectl reads it: a time is a string."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("file", good_files(), ids=lambda file: file.stem)
def test_the_api_server_takes_what_the_parser_takes(api: ApiServer, file: Path) -> None:
    for document in documents(file):
        answer = offered(api, moved(document))
        assert answer.ok, answer.text


@pytest.mark.parametrize("bad", bad_resources(), ids=str)
def test_the_api_server_refuses_what_a_schema_can_see(api: ApiServer, bad: BadResource) -> None:
    """The corpus of 60 invalid resources is refused by the API server or answered by a condition; no traceback
    anywhere.
    """
    (document,) = documents(bad.file)
    answer = offered(api, moved(document))
    seen = any(fault.seen_by == "schema" for fault in bad.faults)
    assert answer.ok != seen, answer.text
    assert answer.status_code < 500, answer.text
