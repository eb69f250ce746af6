"""What the operator measures of itself, for Prometheus."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters and gauges in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._passes = Counter(
            "cryptostream_operator_reconciles",
            "Reconciles by kind of resource, why they were begun, and how they ended.",
            ("kind", "reason", "result"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "cryptostream_operator_reconcile_seconds",
            "How long a reconcile took.",
            ("kind",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._calls = Counter(
            "cryptostream_operator_api_calls",
            "Calls to the API server by method and HTTP status, 0 if it did not answer.",
            ("method", "status"),
            registry=self._registry,
        )
        self._queue = self._gauge("queue", "Resources that are due and wait for a free thread.")
        self._resources = self._gauge(
            "resources", "Resources by kind, condition and its status.", "kind", "condition", "status"
        )
        self._canary = self._gauge("canary_age_seconds", "Age of the last Lease that a watch has delivered.")
        self._leads = self._gauge("leads", "Whether this operator leads.")

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"cryptostream_operator_{name}", text, labels, registry=self._registry)

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

    def show(self, conditions: Mapping[tuple[str, str, str], int], canary_age: float, *, leads: bool) -> None:
        """The gauges that are counted anew each time: resources by (kind, condition, status)."""
        self._resources.clear()
        for labels, count in conditions.items():
            self._resources.labels(*labels).set(count)
        self._canary.set(canary_age)
        self._leads.set(leads)

    def text(self) -> bytes:
        """The page."""
        return generate_latest(self._registry)
