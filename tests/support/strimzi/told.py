"""What Strimzi's resources say of themselves: conditions and statuses. Pure, but for `tell`, which writes one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.support.strimzi.api import Api, Kind, Manifest

CLUSTER = "strimzi.io/cluster"
MANAGED = "strimzi.io/managed"
PAUSED = "strimzi.io/pause-reconciliation"


class ComplaintError(Exception):
    """Why a resource is not ready: a reason in one word, and the message that Strimzi's users read."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def condition(kind: str, status: str = "True", *, reason: str = "", message: str = "") -> Manifest:
    """Without its time, which is put in when it is written."""
    said = {"reason": reason, "message": message}
    return {"type": kind, "status": status, **{key: value for key, value in said.items() if value}}


def annotated(found: Mapping[str, Any], annotation: str, value: str) -> bool:
    """Whether a resource has this annotation with this value."""
    return str(found["metadata"].get("annotations", {}).get(annotation, "")).lower() == value


def belongs(found: Mapping[str, Any], cluster: str) -> bool:
    """Whether a resource is one of this Kafka's."""
    return bool(found["metadata"].get("labels", {}).get(CLUSTER) == cluster)


def tell(api: Api, kind: Kind, found: Mapping[str, Any], status: Mapping[str, Any]) -> None:
    """Make this the status of a resource, unless it is already; fields that are not given go."""
    former = found.get("status", {})
    wanted = {**status, "observedGeneration": found["metadata"]["generation"]}
    if _timeless(former) == _timeless(wanted):
        return
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    conditions = [{**each, "lastTransitionTime": at} for each in wanted["conditions"]]
    patch = {**dict.fromkeys(former), **wanted, "conditions": conditions}
    api.merge(kind, found["metadata"]["name"], {"status": patch}, "status")


def _timeless(status: Mapping[str, Any]) -> Manifest:
    conditions = [
        {key: value for key, value in each.items() if key != "lastTransitionTime"}
        for each in status.get("conditions", [])
    ]
    return {**status, "conditions": conditions}
