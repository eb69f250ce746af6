"""What was observed of a stream, as conditions that say what is wrong and what helps. Pure.

`Ready` follows from data that flows, not from a reconcile that succeeded.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.resource.fields import Faults
from cryptostream.core.resource.spec import Objectives
from cryptostream_operator.reconcile.flow import Flow, completeness
from cryptostream_operator.reconcile.times import rfc3339
from cryptostream_operator.reconcile.values import Condition, Truth

STEADY_SECONDS: Final = 60
"""How long data must have flowed before a stream is ready."""
MOST_NAMED: Final = 5


class Pods(msgspec.Struct, frozen=True):
    """The pods of one role: how many there should be and are ready, and what is said of those that are not."""

    wanted: int
    ready: int
    complaint: str = ""


def accepted(faults: Faults) -> Condition:
    """Whether the resource says something that can be done."""
    if not faults:
        return Condition("Accepted", "True", "Valid", "The resource is valid.")
    told = "; ".join(map(str, faults[:MOST_NAMED]))
    more = f"; and {len(faults) - MOST_NAMED} more" if len(faults) > MOST_NAMED else ""
    return Condition("Accepted", "False", "Invalid", told + more)


def pods(kind: str, role: str, found: Pods, *, suspended: bool) -> Condition:
    """Whether the pods of a role run."""
    if suspended:
        gone = found.ready == 0
        message = "Suspended: there are no pods." if gone else f"Suspended: {found.ready} pods are draining."
        return Condition(kind, "False", "Suspended", message)
    if found.ready >= found.wanted:
        return Condition(kind, "True", "Running", f"{found.ready} of {found.wanted} {role} pods are ready.")
    why = f": {found.complaint}" if found.complaint else "."
    reason = "Failing" if found.complaint else "Starting"
    return Condition(kind, "False", reason, f"{found.ready} of {found.wanted} {role} pods are ready{why}")


def banned(until: Millis) -> Condition:
    """The exchange refuses the address of the producer for a while."""
    message = (
        f"The exchange refuses this address until {rfc3339(until)}; nothing is asked of it until then, and what closes "
        "meanwhile is fetched afterwards. Streams that share an address share spec.egress.group."
    )
    return Condition("ProducersReady", "False", "AddressBanned", message)


def applied(failures: Iterable[str]) -> Condition:
    """Whether what was to be done could be done."""
    told = tuple(failures)
    if not told:
        return Condition("Applied", "True", "Applied", "All that the resource asks for is in place or under way.")
    more = f"; and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    return Condition("Applied", "False", "ApplyFailed", "; ".join(told[:MOST_NAMED]) + more)


def fresh(flow: Flow, *, suspended: bool) -> Condition:
    """Whether every series that trades has stored its newest due candle."""
    if suspended:
        return Condition("Fresh", "False", "Suspended", "Suspended: nothing is fetched.")
    if not flow.known:
        return Condition("Fresh", "Unknown", "NoAnswer", "The pods do not answer; the data may flow all the same.")
    if flow.stale:
        return Condition(
            "Fresh", "False", "Stale", f"{len(flow.stale)} of {flow.trading} series are late: {_some(flow)}."
        )
    beside = f" Not trading: {', '.join(flow.idle[:MOST_NAMED])}." if flow.idle else ""
    return Condition("Fresh", "True", "Flowing", f"All {flow.trading} series that trade are fresh.{beside}")


def complete(flow: Flow, objectives: Objectives, *, suspended: bool) -> Condition:
    """Whether the share of stored candles reaches the objective; open history counts here, and here alone."""
    share = completeness(flow)
    if share is None:
        reason = "Suspended" if suspended else "NoAnswer"
        return Condition("Complete", "Unknown", reason, "The pods do not answer, so nobody counts.")
    if share >= float(objectives.completeness_percent):
        return Condition("Complete", "True", "ObjectiveMet", "What is expected is stored.")
    wanted = f"{objectives.completeness_percent} % are the objective"
    message = (
        f"Candles that are expected are not stored: {percent(share)} %, where {wanted}; status.worst names series."
    )
    return Condition("Complete", "False", "CandlesMissing", message)


def ready(conditions: Iterable[Condition], steady_for: float, *, suspended: bool) -> Condition:
    """The summary. `steady_for` is how many seconds `Fresh` has been true."""
    if suspended:
        return Condition("Ready", "False", "Suspended", "The stream is suspended; spec.suspend: false resumes it.")
    by_type = {each.type: each for each in conditions}
    for kind in ("Accepted", "Applied", "KafkaReady", "StoreReady", "ProducersReady", "ConsumersReady", "Fresh"):
        found = by_type.get(kind)
        if found is not None and found.status != "True":
            status: Truth = "Unknown" if found.status == "Unknown" else "False"
            return Condition("Ready", status, found.reason, found.message)
    if steady_for < STEADY_SECONDS:
        return Condition(
            "Ready", "False", "Settling", f"Data flows; it counts as ready after {STEADY_SECONDS} s of it."
        )
    return Condition("Ready", "True", "Flowing", "Every series that trades is fresh.")


def percent(share: float) -> str:
    """A share cut to two places, so that 99.999 is not told as 100."""
    return f"{int(share * 100) / 100:.2f}"


def _some(flow: Flow) -> str:
    named = ", ".join(f"{each.symbol} {each.interval}" for each in flow.stale[:MOST_NAMED])
    return f"{named} and more" if len(flow.stale) > MOST_NAMED else named


def listed(
    conditions: Iterable[Condition], former: Iterable[Mapping[str, Any]], generation: int, at: str
) -> list[dict[str, Any]]:
    """Conditions as the API has them; one whose status has not changed keeps the time of its last transition."""
    known = {each["type"]: each for each in former}
    made = []
    for each in conditions:
        old = known.get(each.type, {})
        since = old.get("lastTransitionTime", at) if old.get("status") == each.status else at
        made.append({**msgspec.to_builtins(each), "observedGeneration": generation, "lastTransitionTime": since})
    return made
