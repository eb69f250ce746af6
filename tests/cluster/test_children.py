"""The golden files of children, judged by a real API server with the real definitions of neighbours."""

from typing import Any

import pytest
import yaml

from cryptostream_operator.effects.kube import PLURALS
from tests.support.data import ROOT
from tests.support.parts.kubernetes import ApiServer

GOLDEN = sorted((ROOT / "tests/data/children").glob("*.yaml"))


def judged(api: ApiServer, manifest: dict[str, Any]) -> tuple[bool, str]:
    """What the API server says to a child, strictly, where no other of its name is; nothing is stored."""
    version, metadata = manifest["apiVersion"], manifest["metadata"] | {"namespace": "judged"}
    group = f"apis/{version}" if "/" in version else f"api/{version}"
    path = f"/{group}/namespaces/{metadata['namespace']}/{PLURALS[manifest['kind']]}/{metadata['name']}"
    query = "fieldManager=test&force=true&dryRun=All&fieldValidation=Strict"
    headers = {"Content-Type": "application/apply-patch+yaml"}
    answer = api.ask(
        "PATCH", f"{path}?{query}", data=yaml.safe_dump(manifest | {"metadata": metadata}), headers=headers
    )
    return answer.ok, f"{manifest['kind']} {metadata['name']}: {answer.text}"


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_the_api_server_takes_every_child_of_the_golden_files(neighbours: ApiServer, file: Any) -> None:
    for manifest in yaml.safe_load_all(file.read_text()):
        taken, said = judged(neighbours, manifest)
        assert taken, said
