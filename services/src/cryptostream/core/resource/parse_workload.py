"""What runs: `spec.producer` and `spec.consumer` of a `CryptoStream`, and overrides of pods. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from cryptostream.core.resource.fields import Field, Parsed, Required, join, kind, read, wrong
from cryptostream.core.resource.fields import record as record_of
from cryptostream.core.resource.scalars import integer
from cryptostream.core.resource.spec import Autoscaling, Fault

MOST_REPLICAS: Final = 1000


class ProducerPart(msgspec.Struct, frozen=True):
    """`spec.producer`; `shards` is reserved."""

    shards: int = 1
    pod: str | None = None


class ConsumerPart(msgspec.Struct, frozen=True):
    """`spec.consumer`."""

    replicas: int = 2
    autoscaling: Autoscaling | None = None
    pod: str | None = None


def _objects(value: object, path: str) -> Parsed[object]:
    if isinstance(value, list):
        return Parsed(value)
    return wrong(path, f"must be a list, not {kind(value)}", "write it as in a Pod")


def _object(value: object, path: str) -> Parsed[object]:
    if isinstance(value, Mapping):
        return Parsed(value)
    return wrong(path, f"must be an object, not {kind(value)}", "write it as in a Pod")


def _string(value: object, path: str) -> Parsed[object]:
    if isinstance(value, str):
        return Parsed(value)
    return wrong(path, f"must be a string, not {kind(value)}", "write it as in a Pod")


_POD: Final = (
    Field("resources", _object),
    Field("nodeSelector", _object),
    Field("tolerations", _objects),
    Field("affinity", _object),
    Field("priorityClassName", _string),
    Field("imagePullSecrets", _objects),
)


def pod(value: object, path: str) -> Parsed[str]:
    """Overrides of a pod as canonical JSON; what is in them is for the API server to judge."""
    faults = read(value, path, _POD)[1] if isinstance(value, Mapping) else ()
    return Parsed(None, faults) if faults else plain_object(value, path)


def plain_object(value: object, path: str) -> Parsed[str]:
    """An object as JSON with sorted keys, whatever is in it."""
    if not isinstance(value, Mapping):
        return wrong(path, f"must be an object, not {kind(value)}", "write its fields below it, indented")
    try:
        return Parsed(msgspec.json.encode(value, order="sorted").decode())
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        return wrong(path, "must be plain JSON", "use texts, numbers, lists and objects with texts as keys")


def _one_shard(value: object, path: str) -> Parsed[int]:
    if type(value) is int and value == 1:
        return Parsed(1)
    return wrong(path, f"must be 1 for now, not {kind(value)}", "leave it out: one producer serves 10000 series")


def _in_order(scaling: Autoscaling, path: str) -> Iterator[Fault]:
    if scaling.min_replicas > scaling.max_replicas:
        message = f"must not be above maxReplicas {scaling.max_replicas}, not {scaling.min_replicas}"
        yield Fault(join(path, "minReplicas"), message, "lower it, or raise maxReplicas")


producer: Final = record_of(ProducerPart, (Field("shards", _one_shard, 1), Field("pod", pod)))
consumer: Final = record_of(
    ConsumerPart,
    (
        Field("replicas", integer(1, MOST_REPLICAS), ConsumerPart().replicas),
        Field(
            "autoscaling",
            record_of(
                Autoscaling,
                (
                    Field("minReplicas", integer(1, MOST_REPLICAS), 1),
                    Field("maxReplicas", integer(1, MOST_REPLICAS), Required("say how many there may be", 1)),
                    Field("lagPerReplica", integer(1, 10**9), 10_000),
                ),
                _in_order,
            ),
        ),
        Field("pod", pod),
    ),
)
