"""prometheus_client's counters, gauges and histograms, made from the catalogue."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, disable_created_metrics
from prometheus_client.registry import Collector

from cryptostream.core.codec.metric import PREFIX, Described
from cryptostream.observe.catalogue import CATALOGUE, LATENCY_BUCKETS, SIZE_BUCKETS

# A second line per counter, with the time it began, is of no use to anybody.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Labelled(Collector):
    """A registry whose every sample has `labels` too; added when it is read, so that counting costs nothing more."""

    def __init__(self, registry: CollectorRegistry, labels: Mapping[str, str]) -> None:
        self._registry = registry
        self._labels = labels

    def collect(self) -> Iterator[Metric]:
        """All metrics as they stand."""
        for family in self._registry.collect():
            family.samples = [each._replace(labels={**self._labels, **each.labels}) for each in family.samples]
            yield family


def counters(registry: CollectorRegistry) -> dict[str, Counter]:
    """All counters, by their names in the catalogue."""
    return {d.name: Counter(*_named(d), namespace=PREFIX, registry=registry) for d in _of("counter")}


def gauges(registry: CollectorRegistry) -> dict[str, Gauge]:
    """All gauges, by their names in the catalogue."""
    return {d.name: Gauge(*_named(d), namespace=PREFIX, registry=registry) for d in _of("gauge")}


def histograms(registry: CollectorRegistry) -> dict[str, Histogram]:
    """All histograms, by their names in the catalogue: of seconds, or of the sizes of batches."""
    return {
        d.name: Histogram(
            *_named(d),
            namespace=PREFIX,
            registry=registry,
            buckets=LATENCY_BUCKETS if d.unit == "seconds" else SIZE_BUCKETS,
        )
        for d in _of("histogram")
    }


def _of(kind: str) -> Iterable[Described]:
    return (each for each in CATALOGUE if each.kind == kind)


def _named(described: Described) -> tuple[str, str, tuple[str, ...]]:
    return described.name, described.meaning, described.labels
