"""A `CryptoStream` as YAML or JSON gives it becomes a frozen spec, or every fault of it with path and remedy. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Symbol
from cryptostream.core.resource import checks, parse_market
from cryptostream.core.resource.envelope import Metadata, envelope, unknown_kind
from cryptostream.core.resource.fields import Faults, Field, Parsed, Required, read, record, wrong
from cryptostream.core.resource.parse_indicators import indicators, meaning
from cryptostream.core.resource.parse_kafka import kafka
from cryptostream.core.resource.parse_source import DEFAULT_SOURCE, egress, source
from cryptostream.core.resource.parse_store import parse_store
from cryptostream.core.resource.parse_workload import ConsumerPart, ProducerPart, consumer, producer
from cryptostream.core.resource.scalars import boolean, choice, decimal, integer, subdomain
from cryptostream.core.resource.spec import Egress, Kafka, Objectives, StreamSpec, Validation
from cryptostream.core.resource.store_spec import StoreSpec
from cryptostream.core.result import Err, Ok, Result


def parse_resource(
    document: object, now: Millis | None = None
) -> Result[StreamSpec, Faults] | Result[StoreSpec, Faults]:
    """The spec in a document of either kind; parameters and errors as of `parse_stream`."""
    given = document.get("kind") if isinstance(document, Mapping) else "CryptoStream"
    match given:
        case "CandleStore":
            return parse_store(document)
        case "CryptoStream":
            return parse_stream(document, now)
        case _:
            return Err(unknown_kind({"kind": given}, "CryptoStream", "CandleStore"))


def parse_stream(document: object, now: Millis | None = None) -> Result[StreamSpec, Faults]:
    """The spec in a document of kind `CryptoStream`.

    Parameters
    ----------
    document
        What YAML or JSON gives.
    now
        Exchange time, by which a start of history is judged; without it, it is not.

    Returns
    -------
    `Err` has one fault for each thing that is wrong, with the path of its field.
    """
    parts = envelope(document, "CryptoStream")
    if parts.value is None or parts.value.spec is None:
        return Err(parts.faults)
    attributes, faults = read(parts.value.spec, "spec", _SPEC)
    symbols, more = parse_market.symbols(attributes, parts.value.spec)
    faults += more
    faults += meaning(attributes["indicators"], attributes["intervals"], faults)
    spec = _spec(parts.value.metadata, attributes, symbols)
    faults += checks.found(spec, now, faults)
    found = (*parts.faults, *faults)
    return Err(found) if found else Ok(spec)


def _spec(metadata: Metadata, attributes: Mapping[str, Any], symbols: tuple[Symbol, ...]) -> StreamSpec:
    made, ran = attributes["producer"], attributes["consumer"]
    same = ("quote", "intervals", "source", "indicators", "validation", "objectives", "egress", "suspend")
    return StreamSpec(
        name=metadata.name,
        namespace=metadata.namespace,
        symbols=symbols,
        named_by="coins" if attributes["symbols"] is None else "symbols",
        kafka=_in_namespace(attributes["kafka"], metadata.namespace),
        store_ref=attributes["store_ref"],
        consumer_replicas=ran.replicas,
        autoscaling=ran.autoscaling,
        producer_pod=made.pod,
        consumer_pod=ran.pod,
        deletion_policy=attributes["deletion_policy"],
        **{name: attributes[name] for name in same},
    )


def _in_namespace(given: Kafka | None, namespace: str) -> Kafka | None:
    """A Strimzi cluster is in the stream's namespace unless another one is named."""
    if given is None or given.cluster_name is None or given.cluster_namespace is not None:
        return given
    return replace(given, cluster_namespace=namespace)


def _name(name: str) -> str:
    return name


def _no_alerts(value: object, path: str) -> Parsed[None]:
    if value == []:
        return Parsed(None)
    return wrong(
        path, "must be left out: alerts are not supported yet", "remove it, and alert on the metrics meanwhile"
    )


_validation: Final = record(
    Validation,
    (
        Field("maxMovePercent", decimal("0.01", "1000000"), Validation().max_move_percent),
        Field("onAberrant", choice("Flag", "Reject"), "Flag"),
    ),
)
_objectives: Final = record(
    Objectives,
    (
        Field("freshnessSeconds", integer(1, 86_400), Objectives().freshness_seconds),
        Field("completenessPercent", decimal("0", "100"), Objectives().completeness_percent),
    ),
)
_SPEC: Final = (
    *parse_market.FIELDS,
    Field("source", source, DEFAULT_SOURCE),
    Field("indicators", indicators, ()),
    Field("validation", _validation, Validation()),
    Field("alerts", _no_alerts),
    Field("objectives", _objectives, Objectives()),
    Field("kafka", kafka),
    Field("storeRef", record(_name, (Field("name", subdomain, Required("name a CandleStore", "default")),)), "default"),
    Field("producer", producer, ProducerPart()),
    Field("consumer", consumer, ConsumerPart()),
    Field("egress", egress, Egress()),
    Field("suspend", boolean, default=False),
    Field("deletionPolicy", choice("Retain", "Delete"), "Retain"),
)
