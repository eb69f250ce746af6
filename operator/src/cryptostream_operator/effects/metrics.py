"""What the operator measures of itself, for Prometheus. `CATALOGUE` says what each metric means; docs print it."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from cryptostream.core.codec.metric import Described
from cryptostream_operator.reconcile.values import Ref

# A second line per counter, with the time it began, is of no use to anybody.
disable_created_metrics()  # type: ignore[no-untyped-call]

PREFIX: Final = "cryptostream_operator"
_SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_described: Final = partial(Described, prefix=PREFIX)

CATALOGUE: Final = (
    _described(
        "reconciles",
        "counter",
        "Reconciles by kind of resource, why they were begun, and how they ended.",
        ("kind", "reason", "result"),
    ),
    _described("reconcile_seconds", "histogram", "How long a reconcile took.", ("kind",)),
    _described(
        "api_calls",
        "counter",
        "Calls to the API server by method and HTTP status, 0 if it did not answer.",
        ("method", "status"),
    ),
    _described("queue", "gauge", "Resources that are due and wait for a free thread."),
    _described("resources", "gauge", "Resources by kind, condition and its status.", ("kind", "condition", "status")),
    _described(
        "resource_ready",
        "gauge",
        "1 if the condition Ready is true; suspended resources are left out.",
        ("kind", "resource"),
    ),
    _described(
        "certificate_expiry_timestamp_seconds",
        "gauge",
        "Unix time at which the first certificate of a managed store ends.",
        ("store",),
    ),
    _described("canary_age_seconds", "gauge", "Age of the last Lease that a watch has delivered."),
    _described("leads", "gauge", "Whether this operator leads."),
)


class Metrics:
    """Counters and gauges in a registry of their own. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        named = {each.name: (each.name, each.meaning, each.labels, PREFIX) for each in CATALOGUE}
        gauge, counter = partial(Gauge, registry=self._registry), partial(Counter, registry=self._registry)
        self._passes = counter(*named["reconciles"])
        self._seconds = Histogram(*named["reconcile_seconds"], buckets=_SECONDS, registry=self._registry)
        self._calls = counter(*named["api_calls"])
        self._queue = gauge(*named["queue"])
        self._resources = gauge(*named["resources"])
        self._ready = gauge(*named["resource_ready"])
        self._expiry = gauge(*named["certificate_expiry_timestamp_seconds"])
        self._canary = gauge(*named["canary_age_seconds"])
        self._leads = gauge(*named["leads"])

    def count_call(self, method: str, status: int) -> None:
        """One call to the API server."""
        self._calls.labels(method, str(status)).inc()

    def count_pass(self, kind: str, reason: str, result: str, seconds: float) -> None:
        """One reconcile."""
        self._passes.labels(kind, reason, result).inc()
        self._seconds.labels(kind).observe(seconds)

    def waiting(self, change: int) -> None:
        """One more or less in the queue."""
        self._queue.inc(change)

    def certified(self, store: Ref, ends: datetime | None) -> None:
        """When the first certificate of a store ends; None if it has none, or is gone."""
        if ends is None:
            self._expiry.remove_by_labels({"store": _named(store)})
        else:
            self._expiry.labels(_named(store)).set(ends.timestamp())

    def show(
        self,
        conditions: Mapping[tuple[str, str, str], int],
        ready: Mapping[Ref, bool],
        canary_age: float,
        *,
        leads: bool,
    ) -> None:
        """The gauges that are counted anew each time: resources by (kind, condition, status), and which are ready."""
        self._resources.clear()
        for labels, count in conditions.items():
            self._resources.labels(*labels).set(count)
        self._ready.clear()
        for ref, well in ready.items():
            self._ready.labels(ref.kind, _named(ref)).set(well)
        self._canary.set(canary_age)
        self._leads.set(leads)

    def text(self) -> bytes:
        """The page."""
        return generate_latest(self._registry)


def _named(ref: Ref) -> str:
    """One label: `namespace` is what Prometheus calls that of the operator itself."""
    return f"{ref.namespace}/{ref.name}"
