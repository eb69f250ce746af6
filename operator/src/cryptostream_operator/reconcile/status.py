"""The status of a stream as the API has it, quantised so that a settled stream writes nothing. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from cryptostream.core.result import Ok
from cryptostream_operator.reconcile import assigned, conditions
from cryptostream_operator.reconcile.flow import SMALL_LAG, Flow, completeness
from cryptostream_operator.reconcile.observed import Observed, Outcome
from cryptostream_operator.reconcile.times import millis, rfc3339
from cryptostream_operator.reconcile.values import Condition, deleting

Document = Mapping[str, Any]
_UNHURRIED: Final = ("series", "completenessPercent", "missing", "lag", "worst")
"""What may be told a little later, because it changes all the time where something is caught up with."""
SLOW: Final = 30_000
"""Milliseconds between two writes that tell nothing but that."""
MOST_TEXT: Final = 4096


def document(seen: Observed, outcome: Outcome, failures: Iterable[str]) -> Document:
    """The whole status; what is not known any more is null, which takes it away."""
    former = list(seen.status.get("conditions", ()))  # type: ignore[call-overload] # JSON
    told = _conditions(seen, outcome, tuple(failures), former)
    generation = seen.resource.manifest["metadata"]["generation"]
    return {
        "observedGeneration": generation,
        "conditions": conditions.listed(map(_short, told), former, generation, rfc3339(seen.now)),
        "left": list(outcome.left)[:50] or None,
        **_data(seen, outcome),
    }


def _conditions(seen: Observed, outcome: Outcome, failures: tuple[str, ...], former: list[Any]) -> list[Condition]:
    applied = conditions.applied(failures)
    if deleting(seen.resource):
        waits = "; ".join(outcome.left) or "its children are being removed"
        return [applied, Condition("Ready", "False", "Deleting", f"The stream is being deleted: {waits}.")]
    told = [outcome.conditions[0], applied, *outcome.conditions[1:]]
    suspended = isinstance(seen.spec, Ok) and seen.spec.value.suspend
    return [*told, conditions.ready(told, _steady(told, former, seen.now), suspended=suspended)]


def _steady(told: Iterable[Condition], former: Iterable[Document], now: int) -> float:
    """Seconds for which `Fresh` has been true."""
    if not any(each.type == "Fresh" and each.status == "True" for each in told):
        return 0.0
    for each in former:
        if each["type"] == "Fresh" and each["status"] == "True":
            return (now - (millis(each["lastTransitionTime"]) or now)) / 1000
    return 0.0


def _short(condition: Condition) -> Condition:
    return replace(condition, message=condition.message[:MOST_TEXT])


def _data(seen: Observed, outcome: Outcome) -> Document:
    """What is known of the data; while nobody answers, nothing is said instead of the last values."""
    flow = outcome.flow
    if flow is None or not isinstance(seen.spec, Ok):
        return {}
    return {"series": _series(flow), **_figures(flow), **_assignment(seen, flow)}


def _series(flow: Flow) -> Document:
    if not flow.known:
        return {"total": flow.series, "trading": None, "fresh": None, "complete": None}
    fresh = f"{flow.trading - len(flow.stale)}/{flow.trading}"
    return {"total": flow.series, "trading": flow.trading, "fresh": fresh, "complete": flow.complete}


def _figures(flow: Flow) -> Document:
    if not flow.known:
        return dict.fromkeys(("completenessPercent", "missing", "lag", "notTrading", "worst"))
    share = completeness(flow)
    return {
        "completenessPercent": None if share is None else conditions.percent(share),
        "missing": flow.missing,
        "lag": _rounded(flow.lag),
        "notTrading": list(flow.idle)[:20] or None,
        "worst": [
            {"symbol": each.symbol, "interval": each.interval, "missing": each.missing, "reason": each.reason}
            for each in flow.worst
        ]
        or None,
    }


def _assignment(seen: Observed, flow: Flow) -> Document:
    until = assigned.banned_until(seen, flow)
    return {
        "assignmentGeneration": flow.generation or seen.status.get("assignmentGeneration"),
        "bannedUntil": None if until is None else rfc3339(until),
    }


def _rounded(lag: int) -> int:
    """Up to a power of ten; nothing where it is small."""
    return 0 if lag < SMALL_LAG else 10 ** len(str(lag - 1))


def due(former: Document, wanted: Document, written: int | None, now: int) -> bool:
    """Whether `wanted` is to be written over `former`: at once, but for figures that change all the time."""
    pruned = _pruned(wanted)
    if pruned == _pruned(former):
        return False
    rest = [{name: value for name, value in each.items() if name not in _UNHURRIED} for each in (pruned, former)]
    if _words(rest[0]) != _words(rest[1]):
        return True
    return written is None or now - written >= SLOW


def _words(status: Document) -> Document:
    """Without the messages, which may hold figures."""
    told = [{name: value for name, value in each.items() if name != "message"} for each in status.get("conditions", ())]
    return {**status, "conditions": told}


def _pruned(value: Any) -> Any:
    """Without what is null."""
    if isinstance(value, Mapping):
        return {name: _pruned(each) for name, each in value.items() if each is not None}
    return [_pruned(each) for each in value] if isinstance(value, list | tuple) else value
