"""Where an object differs from what is wanted, in the fields that are owned and in no others. Pure.

The API server adds defaults and other writers add fields: neither is a difference. Lists whose elements have names
are compared by name, as server-side apply merges them; other lists element by element.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

_MERGED_BY: Final = ("name", "type", "containerPort", "port", "mountPath", "topologyKey", "uid")
"""Keys by which Kubernetes merges lists of objects, the usual first."""
_SUFFIXES: Final[Mapping[str, Decimal]] = {
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P"), -3)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTP", 1)},
}


def drift(wanted: object, live: object, path: str = "") -> str | None:
    """The first owned field of `live` that is not as `wanted`: its path and both values; None if there is none."""
    return next(_differences(wanted, live, path), None)


def _differences(wanted: object, live: object, path: str) -> Iterator[str]:
    match wanted, live:
        case Mapping(), Mapping():
            for name, value in wanted.items():
                yield from _differences(value, live.get(name), f"{path}.{name}" if path else name)
        case list() | tuple(), list() | tuple():
            yield from _of_lists(wanted, live, path)
        case _:
            if not _equal(wanted, live):
                yield f"{path} is {_shown(live)}, not {_shown(wanted)}"


def _of_lists(wanted: Sequence[object], live: Sequence[object], path: str) -> Iterator[str]:
    key = _merge_key(wanted) if wanted else None
    if key is None:
        if len(wanted) != len(live):
            yield f"{path} has {len(live)} elements, not {len(wanted)}"
        for place, (one, other) in enumerate(zip(wanted, live, strict=False)):
            yield from _differences(one, other, f"{path}[{place}]")
        return
    known = {each.get(key): each for each in live if isinstance(each, Mapping)}
    for each in wanted:
        name = each[key] if isinstance(each, Mapping) else None
        yield from _differences(each, known.get(name), f"{path}[{name}]")


def _merge_key(elements: Sequence[object]) -> str | None:
    """The key that all of `elements` have, each with a value of its own."""
    for key in _MERGED_BY:
        values = [each.get(key) for each in elements if isinstance(each, Mapping)]
        if len(values) == len(elements) and None not in values and len(set(map(str, values))) == len(values):
            return key
    return None


def _equal(wanted: object, live: object) -> bool:
    if wanted == live or (wanted in ({}, [], None) and live is None):
        return True
    first, second = quantity(wanted), quantity(live)
    return first is not None and first == second


def quantity(value: object) -> Decimal | None:
    """A Kubernetes quantity such as `100m` or `1Gi` as a number; the API server writes `1000m` as `1`."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    digits = str(value).rstrip("kKMGTPimnu")
    try:
        return Decimal(digits) * _SUFFIXES[str(value)[len(digits) :]]
    except (InvalidOperation, KeyError):
        return None


def _shown(value: object) -> str:
    text = "missing" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
