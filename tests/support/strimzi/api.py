"""Kubernetes as Strimzi's part asks it: the objects of one namespace, as plain documents. Faults are exceptions."""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.watch.watch import iter_resp_lines

Manifest = dict[str, Any]
MANAGER = "strimzi"
SECONDS = 10.0
WATCH_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Kind:
    """Where objects of a kind are found."""

    api_version: str
    name: str
    plural: str


STRIMZI = "kafka.strimzi.io/v1"
KAFKA = Kind(STRIMZI, "Kafka", "kafkas")
POOL = Kind(STRIMZI, "KafkaNodePool", "kafkanodepools")
TOPIC = Kind(STRIMZI, "KafkaTopic", "kafkatopics")
USER = Kind(STRIMZI, "KafkaUser", "kafkausers")
SECRET = Kind("v1", "Secret", "secrets")


class ApiError(Exception):
    """The API server did not do it; `status` is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """The API server, as the user of `kubeconfig`."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self.namespace = namespace
        settings: Any = client.Configuration()
        config.load_kube_config(  # type: ignore[no-untyped-call] # the client ships no types
            str(kubeconfig), client_configuration=settings, persist_config=False
        )
        settings.retries = False
        settings.connection_pool_maxsize = 16
        self._client: Any = client.ApiClient(settings)

    def get(self, kind: Kind, name: str) -> Manifest | None:
        """The object, None if there is none."""
        try:
            return self._do("GET", self._path(kind, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: Kind, labels: str = "") -> tuple[list[Manifest], str]:
        """The objects, and the version of the list, from which to watch on."""
        found = self._do("GET", self._path(kind), {"labelSelector": labels})
        return found["items"], found["metadata"]["resourceVersion"]

    def watch(self, kind: Kind, version: str) -> Generator[Manifest]:
        """Objects that were made, changed or removed since `version`; ends by itself, or when that is too old."""
        query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(WATCH_SECONDS)}
        response = self._call("GET", self._path(kind), query, seconds=WATCH_SECONDS + SECONDS).response
        try:
            for line in iter_resp_lines(response):  # type: ignore[no-untyped-call] # the client ships no types
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                yield event["object"]
        finally:
            response.close()

    def apply(self, kind: Kind, name: str, manifest: Mapping[str, Any]) -> Manifest:
        """Make the object have these fields."""
        document = {"apiVersion": kind.api_version, "kind": kind.name, **manifest}
        query = {"fieldManager": MANAGER, "force": "true"}
        return self._do("PATCH", self._path(kind, name), query, document, "application/apply-patch+yaml")

    def merge(self, kind: Kind, name: str, patch: Mapping[str, Any], part: str = "") -> Manifest:
        """Change fields; None removes one. `part` is `status` for the subresource."""
        path = self._path(kind, name) + (f"/{part}" if part else "")
        return self._do("PATCH", path, {"fieldManager": MANAGER}, patch, "application/merge-patch+json")

    def delete(self, kind: Kind, name: str) -> None:
        """Remove it, if it is there."""
        try:
            self._do("DELETE", self._path(kind, name))
        except ApiError as error:
            if error.status != 404:
                raise

    def _path(self, kind: Kind, name: str = "") -> str:
        group = ("/apis/" if "/" in kind.api_version else "/api/") + kind.api_version
        return f"{group}/namespaces/{self.namespace}/{kind.plural}" + (f"/{name}" if name else "")

    def _do(
        self, method: str, path: str, query: Mapping[str, str] = {}, body: Any = None, content: str = "application/json"
    ) -> Manifest:
        response = self._call(method, path, query, body, content=content)
        return dict(json.loads(response.read()))

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any = None,
        *,
        content: str = "application/json",
        seconds: float = SECONDS,
    ) -> Any:
        request = self._client.param_serialize(
            method,
            path,
            query_params=[pair for pair in query.items() if pair[1]],
            header_params={"Accept": "application/json", "Content-Type": content},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = self._client.call_api(*request, _request_timeout=seconds)
        if response.status >= 300:
            raise ApiError(response.status, response.read().decode("utf-8", "replace"))
        return response
