"""CryptoStream as a Helm release: operator, Kafka, simulated exchange, store and sample, of images made here."""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.e2e.pods import OPERATOR, SERVICES
from tests.support.parts.helm import Helm
from tests.support.write_chart import CHART

RELEASE = "cryptostream"
OPERATING = f"{RELEASE}-operator"
SIMULATOR = f"{RELEASE}-simulator"
TAG, NEXT = "test", "next"
"""Two tags of the same images; with the next one there are two operators."""
COLUMN = "Lag"
"""A column of the resource definition, which the chart before this one did not have yet."""
_WAIT = ("--wait", "--timeout=100s")


def previous(folder: Path) -> Path:
    """A frozen copy of the chart as the version before this one."""
    shutil.copytree(CHART, folder)
    about, definition = folder / "Chart.yaml", folder / "templates/crds/cryptostreams.yaml"
    about.write_text(about.read_text().replace("version: 0.1.0", "version: 0.0.9"))
    lines = definition.read_text().splitlines(keepends=True)
    definition.write_text("".join(line for line in lines if f"name: {COLUMN}," not in line))
    return folder


class Release:
    """In `namespace`, which is there; `sample` is the spec of its stream `name`."""

    def __init__(self, helm: Helm, folder: Path, namespace: str, name: str, sample: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._helm = helm
        self._folder = folder
        self._here = f"--namespace={namespace}"
        self._values = values(name, sample)

    def install(self, chart: Path = CHART, tag: str = TAG) -> None:
        self._helm("install", RELEASE, chart, self._here, self._file(tag), *_WAIT)

    def upgrade(self, chart: Path = CHART, tag: str = NEXT) -> None:
        self._helm("upgrade", RELEASE, chart, self._here, self._file(tag), *_WAIT)

    def rollback(self, revision: int) -> None:
        self._helm("rollback", RELEASE, str(revision), self._here, *_WAIT)

    def test(self) -> str:
        """What the pods of `helm test` said, too."""
        return self._helm("test", RELEASE, self._here, "--logs", "--timeout=150s", patience=180)

    def uninstall(self) -> None:
        self._helm("uninstall", RELEASE, self._here, *_WAIT)

    def chart(self) -> str:
        """Name and version of the chart that is installed."""
        (found,) = json.loads(self._helm("list", self._here, "--output=json"))
        return str(found["chart"])

    def manifest(self) -> str:
        """What Helm has applied."""
        return self._helm("get", "manifest", RELEASE, self._here)

    def _file(self, tag: str) -> str:
        """The values as a file."""
        file = self._folder / f"{tag}.json"
        told = self._values | {"image": self._values["image"] | {"tag": tag}}
        images = told["operator"]["images"] | {"services": f"{SERVICES.rpartition(':')[0]}:{tag}"}
        told |= {"operator": told["operator"] | {"images": images}, "replicas": 2 if tag == NEXT else 1}
        file.write_text(json.dumps(told))
        return f"--values={file}"


def values(name: str, sample: dict[str, Any]) -> dict[str, Any]:
    """What is told to Helm, but for the tag."""
    return {
        "image": {"repository": OPERATOR.rpartition(":")[0], "pullPolicy": "Never"},
        "operator": {"images": {"influxdb": "localhost/influxdb", "pullPolicy": "Never"}},
        "kafka": {"create": True},
        "simulator": {"enabled": True},
        "store": {"create": True},
        "sample": {"enabled": True, "name": name, "spec": sample},
    }
