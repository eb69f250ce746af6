"""Kubernetes as the operator asks it: objects by their paths, server-side apply, faults as values.

Synchronous, with a time limit on every call; called from threads. Knows the kinds that the operator deals with.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from kubernetes.client import ApiClient
from urllib3.exceptions import HTTPError

from cryptostream.core.result import Err, Ok, Result
from cryptostream_operator.reconcile.values import Live, Manifest, Ref, ref_of
from cryptostream_operator.render.names import FIELD_MANAGER

SECONDS: Final = 10.0
PAGE: Final = 500
PLURALS: Final[Mapping[str, str]] = {
    "CandleStore": "candlestores",
    "ConfigMap": "configmaps",
    "CryptoStream": "cryptostreams",
    "Deployment": "deployments",
    "Event": "events",
    "Kafka": "kafkas",
    "KafkaTopic": "kafkatopics",
    "KafkaUser": "kafkausers",
    "Lease": "leases",
    "NetworkPolicy": "networkpolicies",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Pod": "pods",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "PodMonitor": "podmonitors",
    "PrometheusRule": "prometheusrules",
    "ScaledObject": "scaledobjects",
    "Secret": "secrets",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
    "StatefulSet": "statefulsets",
}


class KubeError(msgspec.Struct, frozen=True):
    """Why the API server did not do it. `status` is its HTTP status, 0 if nobody answered."""

    status: int
    reason: str
    message: str

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed later."""
        return self.status in {0, 409, 429} or self.status >= 500


class Kube:
    """The API server, by a configured client. Safe to call from several threads.

    `may_write` is asked before each change: who no longer leads changes nothing. `count` is told of each call: its
    method, and the HTTP status of the answer. `manager` is who the fields belong to that are applied.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        may_write: Callable[[], bool] = lambda: True,
        count: Callable[[str, int], None] = lambda _method, _status: None,
        manager: str = FIELD_MANAGER,
    ) -> None:
        self._api = api
        self._manager = manager
        self._may_write = may_write
        self._count = count

    def leading(self, may_write: Callable[[], bool]) -> "Kube":
        """The same API server, to be changed only while `may_write` says so."""
        return Kube(self._api, may_write=may_write, count=self._count, manager=self._manager)

    def get(self, ref: Ref) -> Result[Live | None, KubeError]:
        """The object, or None if there is none, or not even its kind."""
        found = self._call("GET", _path(ref))
        if isinstance(found, Err):
            return Ok(None) if found.error.status == 404 else found
        return Ok(_live(found.value))

    def list(
        self, api_version: str, kind: str, namespace: str | None, labels: str = ""
    ) -> Result[tuple[Live, ...], KubeError]:
        """The objects of a kind by a label selector; none where the API server does not have the kind."""
        found: list[Live] = []
        query = {"labelSelector": labels, "limit": str(PAGE)}
        while True:
            page = self._call("GET", _collection(api_version, kind, namespace), query)
            if isinstance(page, Err):
                return Ok(()) if page.error.status == 404 else page
            found += (_live({"apiVersion": api_version, "kind": kind, **each}) for each in page.value["items"])
            token = page.value["metadata"].get("continue")
            if not token:
                return Ok(tuple(found))
            query = {**query, "continue": token}

    def apply(self, manifest: Manifest) -> Result[Live, KubeError]:
        """Make the object have these fields (server-side apply); fields which others own are taken over."""
        query = {"fieldManager": self._manager, "force": "true", "fieldValidation": "Strict"}
        done = self._call("PATCH", _path(ref_of(manifest)), query, manifest, "application/apply-patch+yaml")
        return done if isinstance(done, Err) else Ok(_live(done.value))

    def create(self, manifest: Manifest) -> Result[Live, KubeError]:
        """Make a new object; 409 if there is one."""
        ref = ref_of(manifest)
        where = _collection(ref.api_version, ref.kind, ref.namespace)
        done = self._call("POST", where, {"fieldManager": self._manager}, manifest)
        return done if isinstance(done, Err) else Ok(_live(done.value))

    def replace(self, manifest: Manifest) -> Result[Live, KubeError]:
        """Put the object in the place of the one with its resource version; 409 if that is no longer the newest."""
        done = self._call("PUT", _path(ref_of(manifest)), {"fieldManager": self._manager}, manifest)
        return done if isinstance(done, Err) else Ok(_live(done.value))

    def merge(self, ref: Ref, patch: Manifest, part: str = "") -> Result[Live, KubeError]:
        """Change fields by a merge patch; `part` is `status` for the subresource."""
        where = f"{_path(ref)}/{part}" if part else _path(ref)
        done = self._call("PATCH", where, {"fieldManager": self._manager}, patch, "application/merge-patch+json")
        return done if isinstance(done, Err) else Ok(_live(done.value))

    def delete(self, ref: Ref, uid: str) -> Result[None, KubeError]:
        """Remove the object if it still has this uid; what is gone already is well."""
        options = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        done = self._call("DELETE", _path(ref), {}, options)
        if isinstance(done, Err) and done.error.status not in {404, 409}:
            return done
        return Ok(None)

    def serves(self, api_version: str, kind: str) -> Result[bool, KubeError]:
        """Whether this API server has the kind."""
        found = self._call("GET", _group(api_version))
        if isinstance(found, Err):
            return Ok(value=False) if found.error.status == 404 else found
        return Ok(any(each["kind"] == kind for each in found.value["resources"]))

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] = {},
        body: Manifest | None = None,
        content_type: str = "application/json",
    ) -> Result[Any, KubeError]:
        if method != "GET" and not self._may_write():
            return Err(KubeError(0, "NotLeading", "another operator leads now"))
        headers = {"Accept": "application/json", "Content-Type": content_type}
        try:
            response = self._api.call_api(
                *self._api.param_serialize(
                    method,
                    path,
                    query_params=[pair for pair in query.items() if pair[1]],
                    header_params=headers,
                    body=body,
                    auth_settings=["BearerToken"],
                ),
                _request_timeout=SECONDS,
            )
            body_of: Any = response.read()  # type: ignore[no-untyped-call] # the client ships no types
        except (HTTPError, OSError) as fault:
            self._count(method, 0)
            return Err(KubeError(0, "Unreachable", f"the API server does not answer: {type(fault).__name__}"))
        self._count(method, response.status)
        return _answer(response.status, body_of)


def _answer(status: int, body: bytes) -> Result[Any, KubeError]:
    """What the API server sent: an object, or its Status that says why not."""
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return Err(KubeError(status, "Unreadable", body[:200].decode("utf-8", "replace")))
    if status < 300:
        return Ok(document)
    return Err(KubeError(status, str(document.get("reason", "")), str(document.get("message", ""))))


def _live(document: dict[str, Any]) -> Live:
    return Live(ref_of(document), document["metadata"]["uid"], document)


def _group(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _collection(api_version: str, kind: str, namespace: str | None) -> str:
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{_group(api_version)}{within}/{PLURALS[kind]}"


def _path(ref: Ref) -> str:
    return f"{_collection(ref.api_version, ref.kind, ref.namespace)}/{ref.name}"
