"""`spec.indicators` of a `CryptoStream`: their form here, their meaning by the catalogue. Pure."""

from collections.abc import Mapping
from typing import Final, cast

from cryptostream.core.indicators.catalogue import compile_indicators
from cryptostream.core.indicators.parameter import Value
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.resource.fields import Faults, Field, Parsed, Required, items, join, kind, record, shown, wrong
from cryptostream.core.resource.parse_market import interval
from cryptostream.core.resource.scalars import text
from cryptostream.core.resource.spec import Fault, IndicatorSpec
from cryptostream.core.result import Err

MOST: Final = 64
MOST_PARAMETERS: Final = 16
_LARGEST: Final = 2**31 - 1


def _params(value: object, path: str) -> Parsed[tuple[tuple[str, Value], ...]]:
    """Parameters by name, in order. One that cannot be read is None: left out, it would have its default."""
    if not isinstance(value, Mapping):
        return wrong(path, f"must be an object, not {kind(value)}", "write for example params: {timeperiod: 20}")
    if len(value) > MOST_PARAMETERS:
        return wrong(path, f"must have at most {MOST_PARAMETERS} fields, not {len(value)}", "remove some")
    pairs = [(shown(name), given) for name, given in value.items()]
    faults = tuple(fault for name, given in pairs for fault in _odd(given, join(path, name)))
    odd = {fault.path for fault in faults}
    usable = tuple((name, None if join(path, name) in odd else given) for name, given in pairs)
    return Parsed(cast("tuple[tuple[str, Value], ...]", usable), faults)


def _odd(given: object, path: str) -> Faults:
    if isinstance(given, float):
        whole = f", or {given:.0f} where a whole number is due" if given.is_integer() else ""
        remedy = f'write "{given}", with the quotes{whole}'
        return (Fault(path, f"must be an integer or a string holding a decimal, not the number {given}", remedy),)
    if isinstance(given, str) and len(given) <= 40 and given.isprintable():
        return ()
    if isinstance(given, int) and not isinstance(given, bool) and abs(given) <= _LARGEST:
        return ()
    message = f"must be an integer or a short string, not {kind(given)}"
    return (Fault(path, message, "docs/indicators.md lists the parameters"),)


_word: Final = text(r"\S{1,40}", most=40, what="a word of at most 40 characters", remedy="write for example SMA")
indicators: Final = items(
    record(
        IndicatorSpec,
        (
            Field("name", _word, Required("write for example name: sma20", "")),
            Field("function", _word, Required("write for example function: SMA", "")),
            Field("params", _params, ()),
            Field("withInterval", interval),
        ),
    ),
    most=MOST,
    least=0,
)


def meaning(specs: tuple[IndicatorSpec, ...], intervals: tuple[str, ...], known: Faults) -> Faults:
    """What the catalogue finds wrong, besides the faults `known` already: no path gets a second one.

    Intervals that cannot be read are not held against `withInterval`.
    """
    blurred = any(fault.path.startswith("spec.intervals") for fault in known)
    compiled = compile_indicators(specs, tuple(INTERVALS) if blurred else intervals)
    told = {fault.path for fault in known}
    return tuple(fault for fault in compiled.error if fault.path not in told) if isinstance(compiled, Err) else ()
