"""The configuration and the assignment of a service, made from spec and plan, and the spec made from them. Pure.

What services do not need to know (pods, replicas, names of secrets) is left out, so that it can change without a
new configuration.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from cryptostream.core.codec.service import (
    Assignment,
    KafkaAccess,
    Listen,
    Name,
    Resource,
    ServiceConfig,
    StoreAccess,
    StoreBuckets,
)
from cryptostream.core.resource.envelope import API_VERSION
from cryptostream.core.resource.fields import Faults
from cryptostream.core.resource.parse import parse_stream
from cryptostream.core.resource.plan import Plan
from cryptostream.core.resource.spec import IndicatorSpec, Source, StreamSpec
from cryptostream.core.result import Err, Ok, Result


def service_config(  # noqa: PLR0913 - what a service is told
    spec: StreamSpec,
    plan: Plan,
    *,
    kafka: KafkaAccess,
    store: StoreAccess | None,
    assignment_file: str,
    exchange_ca_file: str | None = None,
    http: Listen = Listen(),  # noqa: B008 - a frozen value
    simulated: bool = False,
) -> ServiceConfig:
    """The configuration of the producer of a stream (`store` None), or of its consumers.

    The buckets are those of the plan. What is served as `simulated` says so in every record.
    """
    buckets = StoreBuckets(raw=plan.raw.bucket, enriched=plan.enriched.bucket)
    return ServiceConfig(
        resource=_resource(spec),
        assignment_file=assignment_file,
        kafka=kafka,
        store=None if store is None else replace(store, buckets=buckets),
        exchange_ca_file=exchange_ca_file,
        http=http,
        simulated=simulated,
    )


def assignment(spec: StreamSpec, generation: int, banned_until: int | None = None) -> Assignment:
    """The assignment of a stream whose symbols have changed `generation` times."""
    return Assignment(generation=generation, symbols=spec.symbols, banned_until=banned_until)


def spec_of(config: ServiceConfig, assigned: Assignment) -> Result[StreamSpec, Faults]:
    """The stream as the two files together declare it.

    It was judged when it was applied: whether its history begins in time is not judged again.
    """
    names = [symbol.name for symbol in assigned.symbols]
    document = msgspec.to_builtins(config.resource)
    parsed = parse_stream({**document, "spec": {**document["spec"], "symbols": names}})
    if isinstance(parsed, Err):
        return Err(tuple(replace(fault, path=_place(fault.path)) for fault in parsed.error))
    return Ok(replace(parsed.value, symbols=assigned.symbols))


def _place(path: str) -> str:
    """Where a field of the merged resource stands: in the assignment, or in the configuration."""
    return path.removeprefix("spec.") if path.startswith("spec.symbols") else f"resource.{path}"


def _resource(spec: StreamSpec) -> Resource:
    """The resource as services need it, in one form for all specs that mean the same to them."""
    document = {
        "quote": spec.quote,
        "intervals": list(spec.intervals),
        "source": _source(spec.source),
        "indicators": [_indicator(each) for each in spec.indicators],
        "validation": {
            "maxMovePercent": f"{spec.validation.max_move_percent:f}",
            "onAberrant": spec.validation.on_aberrant,
        },
        "egress": {} if spec.egress.proxy_url is None else {"proxyUrl": spec.egress.proxy_url},
    }
    metadata = Name(spec.name, spec.namespace)
    return Resource(api_version=API_VERSION, kind="CryptoStream", metadata=metadata, spec=document)


def _source(source: Source) -> dict[str, Any]:
    history, polling = source.history, source.poll_seconds
    start = history.start_time
    depth = {"startTime": None if start is None else _moment(start), "seconds": history.seconds}
    return {
        "exchange": source.exchange,
        "endpoints": {"rest": list(source.endpoints.rest), "stream": list(source.endpoints.stream)},
        "mode": source.mode,
        "history": {name: value for name, value in depth.items() if value is not None},
    } | ({} if polling is None else {"pollSeconds": polling})


def _moment(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _indicator(declared: IndicatorSpec) -> dict[str, Any]:
    params = {name: value if isinstance(value, int | str) else str(value) for name, value in declared.params}
    carried = {} if declared.with_interval is None else {"withInterval": declared.with_interval}
    return {"name": declared.name, "function": declared.function, "params": params} | carried
