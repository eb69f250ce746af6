"""A Prometheus that scrapes what it is told. Debian's is built without a way to find pods by itself."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from tests.support.parts.cache import built
from tests.support.parts.catalogue import PROMETHEUS
from tests.support.parts.ports import claim_port
from tests.support.parts.process import Server


class Prometheus(Server):
    """Every second it asks for `/metrics` at each of `addresses`, by the names that its series then have as `pod`."""

    def __init__(self, folder: Path, addresses: Mapping[str, str]) -> None:
        built(PROMETHEUS)
        folder.mkdir(parents=True)
        (folder / "prometheus.json").write_text(json.dumps(_config(addresses)))
        self.url = f"http://127.0.0.1:{claim_port()}"
        command: list[str | Path] = [
            "prometheus",
            f"--config.file={folder / 'prometheus.json'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
            "--log.level=warn",
        ]
        super().__init__("prometheus", command, folder / "prometheus.log", self._ready_page, folder=folder)

    def ask(self, query: str) -> list[tuple[dict[str, str], float]]:
        """The labels and the value of each series that answers `query` now."""
        answer = self._get("/api/v1/query", {"query": query})
        answer.raise_for_status()
        return [(each["metric"], float(each["value"][1])) for each in answer.json()["data"]["result"]]

    def targets(self) -> dict[str, str]:
        """By pod, how the last scrape went: `up`, or what was wrong."""
        found: list[dict[str, Any]] = self._get("/api/v1/targets", {"state": "active"}).json()["data"]["activeTargets"]
        return {each["labels"]["pod"]: each["lastError"] or each["health"] for each in found}

    def _ready_page(self) -> bool:
        try:
            return self._get("/-/ready", {}).ok
        except requests.ConnectionError:
            return False

    def _get(self, path: str, params: dict[str, str]) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.url + path, params=params, timeout=10)


def _config(addresses: Mapping[str, str]) -> dict[str, Any]:
    targets = [{"targets": [address], "labels": {"pod": name}} for name, address in addresses.items()]
    job = {"job_name": "pods", "static_configs": targets}
    return {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}
