"""What the pods of a role say of themselves to Kubernetes: how many are ready, and why the others are not. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from cryptostream_operator.reconcile.conditions import Pods
from cryptostream_operator.reconcile.values import Live, deleting

_USUAL: Final = frozenset({"ContainerCreating", "PodInitializing"})


def pods_of(live: Iterable[Live], component: str) -> tuple[Live, ...]:
    """The pods of a role that are not on their way out."""
    return tuple(
        each
        for each in live
        if each.manifest["metadata"].get("labels", {}).get("app.kubernetes.io/component") == component
        and not deleting(each)
    )


def summary(found: Iterable[Live], wanted: int) -> Pods:
    """The pods of a role against how many there should be."""
    there = tuple(found)
    complaints = [f"{each.ref.name}: {said}" for each in there if (said := _complaint(each.manifest.get("status", {})))]
    return Pods(wanted, sum(map(is_ready, there)), complaints[0] if complaints else "")


def is_ready(pod: Live) -> bool:
    """Whether Kubernetes takes it for ready."""
    told = pod.manifest.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in told)


def address(pod: Live, port: str) -> str | None:
    """`host:port` of a named port, None while it has no address."""
    ip = pod.manifest.get("status", {}).get("podIP")
    ports = (each for box in pod.manifest["spec"]["containers"] for each in box.get("ports", ()))
    number = next((each["containerPort"] for each in ports if each.get("name") == port), None)
    if not ip or number is None:
        return None
    return f"[{ip}]:{number}" if ":" in ip else f"{ip}:{number}"


def _complaint(status: Mapping[str, Any]) -> str | None:
    """Why a pod does not run, in Kubernetes' own words; None if it is on its way."""
    for box in status.get("containerStatuses", ()):
        waiting = box.get("state", {}).get("waiting")
        if waiting and waiting.get("reason") not in _USUAL:
            last = box.get("lastState", {}).get("terminated", {})
            ended = f" (it ended with {last['exitCode']})" if "exitCode" in last else ""
            return f"{waiting.get('reason')}{ended}: {waiting.get('message', '')}".rstrip(": ")
    for each in status.get("conditions", ()):
        if each["type"] == "PodScheduled" and each["status"] == "False":
            return f"{each.get('reason')}: {each.get('message', '')}".rstrip(": ")
    return None
