"""A `CryptoStream` document becomes a frozen spec, or every fault of it with path and remedy. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from cryptostream.core.indicators.catalogue import compile_indicators
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.series import Symbol
from cryptostream.core.resource import checks, sections
from cryptostream.core.resource.fields import Faults, Field, Required, anything, choice, fault, items, read, text
from cryptostream.core.resource.spec import Egress, Fault, Objectives, StreamSpec, Validation
from cryptostream.core.result import Err, Ok, Result

API_VERSION = "cryptostream.io/v1alpha1"
MOST_COINS = 500

_name = text(
    sections.DNS_LABEL,
    most=40,
    what="a DNS label of at most 40 characters",
    remedy="use lower case, digits and hyphens",
)
_METADATA = (
    Field("name", "name", _name, Required("give the stream a name")),
    Field("namespace", "namespace", sections.label, "default"),
    *(Field(name, name, anything) for name in ("labels", "annotations", "finalizers", "uid", "generation")),
    *(Field(name, name, anything) for name in ("resourceVersion", "creationTimestamp", "managedFields", "selfLink")),
    *(Field(name, name, anything) for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences")),
)
_DOCUMENT = (
    Field("apiVersion", "api_version", choice(API_VERSION), Required(f"write {API_VERSION}")),
    Field("kind", "kind", choice("CryptoStream"), Required("write CryptoStream")),
    Field("metadata", "metadata", anything, Required("give metadata.name")),
    Field("spec", "spec", anything, Required("name coins and intervals")),
    Field("status", "status", anything),
)


def _alerts(value: object, path: str) -> Result[None, Faults]:
    if value in (None, []):
        return Ok(None)
    return fault(path, "must be left out: alerts are not supported yet", "remove it")


_SPEC = (
    Field("coins", "coins", items(sections.coin, most=MOST_COINS)),
    Field("symbols", "symbols", items(sections.coin, most=MOST_COINS)),
    Field("quote", "quote", sections.coin, "USDC"),
    Field("intervals", "intervals", items(sections.interval, most=16), Required("name at least one, for example [1m]")),
    Field("source", "source", sections.source, sections.DEFAULT_SOURCE),
    Field("indicators", "indicators", sections.indicators, ()),
    Field("validation", "validation", sections.validation, Validation()),
    Field("alerts", "alerts", _alerts),
    Field("objectives", "objectives", sections.objectives, Objectives()),
    Field("kafka", "kafka", sections.kafka),
    Field("storeRef", "store_ref", sections.store_ref, sections.StoreRef("default")),
    Field("producer", "producer", sections.producer, sections.ProducerPart()),
    Field("consumer", "consumer", sections.consumer, sections.ConsumerPart()),
    Field("egress", "egress", sections.egress, Egress()),
    Field("suspend", "suspend", sections.suspend, False),  # noqa: FBT003 - the default of a table
    Field("deletionPolicy", "deletion_policy", choice("Retain", "Delete"), "Retain"),
)


def parse_stream(document: object) -> Result[StreamSpec, Faults]:
    """The spec in a document of kind `CryptoStream`, as YAML or JSON gives it."""
    whole, faults = read(document, "", _DOCUMENT)
    metadata, more = read(whole["metadata"], "metadata", _METADATA) if "metadata" in whole else ({}, ())
    faults += more
    if "spec" not in whole:
        return Err(faults)
    attributes, more = read(whole["spec"], "spec", _SPEC)
    faults += more
    if isinstance(whole["spec"], Mapping):
        symbols = _symbols(attributes, whole["spec"])
        faults += symbols.error if isinstance(symbols, Err) else ()
        faults += _indicator_faults(attributes)
        if not faults and isinstance(symbols, Ok):
            spec = _spec(metadata, attributes, symbols.value)
            faults = checks.faults(spec)
            return Err(faults) if faults else Ok(spec)
    return Err(faults)


def _symbols(attributes: Mapping[str, Any], given: Mapping[str, object]) -> Result[tuple[Symbol, ...], Faults]:
    """Coins against the quote, or symbols as they are: a symbol's coin is what stands before the quote."""
    coins, names, quote = attributes.get("coins"), attributes.get("symbols"), attributes.get("quote")
    if ("coins" in given) == ("symbols" in given):
        remedy = "name coins, which are traded against quote" if "coins" not in given else "remove one of them"
        return fault("spec.coins", "must be given, or spec.symbols instead, not both", remedy)
    if quote is None or (coins is None and names is None):
        return Ok(())
    if coins is not None:
        return Ok(tuple(Symbol(coin + quote, coin, quote) for coin in coins))
    odd = tuple(
        Fault(f"spec.symbols[{place}]", f"must end in the quote {quote}, not `{name}`", "set spec.quote, or use coins")
        for place, name in enumerate(names or ())
        if not name.endswith(quote) or name == quote
    )
    return Err(odd) if odd else Ok(tuple(Symbol(name, name.removesuffix(quote), quote) for name in names or ()))


def _indicator_faults(attributes: Mapping[str, Any]) -> Faults:
    compiled = compile_indicators(attributes.get("indicators", ()), attributes.get("intervals", tuple(INTERVALS)))
    return compiled.error if isinstance(compiled, Err) else ()


def _spec(metadata: Mapping[str, Any], attributes: Mapping[str, Any], symbols: tuple[Symbol, ...]) -> StreamSpec:
    producer, consumer = attributes["producer"], attributes["consumer"]
    kept = ("quote", "intervals", "source", "indicators", "validation", "objectives", "kafka", "egress")
    return StreamSpec(
        name=metadata["name"],
        namespace=metadata["namespace"],
        symbols=symbols,
        store_ref=attributes["store_ref"].name,
        consumer_replicas=consumer.replicas,
        autoscaling=consumer.autoscaling,
        producer_pod=_canonical(producer.pod),
        consumer_pod=_canonical(consumer.pod),
        suspend=attributes["suspend"],
        deletion_policy=attributes["deletion_policy"],
        **{name: attributes[name] for name in kept},
    )


def _canonical(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value, order="sorted").decode()
