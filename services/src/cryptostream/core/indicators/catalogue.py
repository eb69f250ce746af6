"""The catalogue: declared indicators → what computes them, or every fault of the declaration. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Final

from cryptostream.core.indicators.function import GROUPS, Function, Kernel, describe, own_functions, talib_functions
from cryptostream.core.indicators.memory import window
from cryptostream.core.indicators.naming import field_fault, fields_of, name_fault
from cryptostream.core.indicators.parameter import Value
from cryptostream.core.indicators.refused import REFUSED
from cryptostream.core.market.interval import INTERVALS, Interval
from cryptostream.core.resource.spec import Fault, IndicatorSpec
from cryptostream.core.result import Err, Ok, Result

ORDERED: Final = frozenset({"AC", "AO", "APO", "MACD", "MACDEXT", "PPO", "PVO"})
"""Functions whose fastperiod must be below their slowperiod."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A declared indicator, ready to be computed.

    `fields` are its stored names, one per output; `columns` the columns of a candle table that `kernel`
    takes; `lookback` and `window` (W) are in candles of the interval it is computed on, which is
    `with_interval` or, if None, that of the row.
    """

    name: str
    function: str
    params: tuple[tuple[str, Value], ...]
    fields: tuple[str, ...]
    columns: tuple[str, ...]
    lookback: int
    window: int
    with_interval: str | None
    kernel: Kernel = field(compare=False, repr=False)

    def is_on(self, interval: Interval) -> bool:
        """Whether rows of `interval` carry it."""
        return self.with_interval is None or INTERVALS[self.with_interval].step > interval.step


@cache
def functions() -> Mapping[str, Function]:
    """Every function that can be declared, by name; ours stand before TA-Lib's of the same name."""
    own = {function.name: function for function in own_functions()}
    names = chain.from_iterable(talib_functions(group) for group in GROUPS)
    return MappingProxyType({**{name: describe(name) for name in names if name not in REFUSED}, **own})


def compile_indicators(
    specs: tuple[IndicatorSpec, ...], intervals: tuple[str, ...], path: str = "spec.indicators"
) -> Result[tuple[Indicator, ...], tuple[Fault, ...]]:
    """The indicators that `specs` declare for a stream of `intervals`, in their order.

    Returns
    -------
    `Err` holds every fault, one message each, with the path of the field below `path`.
    """
    faults: list[Fault] = []
    indicators: list[Indicator] = []
    taken: dict[str, str] = {}
    for number, spec in enumerate(specs):
        at = f"{path}[{number}]"
        function = functions().get(spec.function)
        outputs = function.outputs if function else ("",)
        fields = fields_of(spec.name, outputs)
        wrong = name_fault(spec.name) or field_fault(spec.name, fields, taken)
        faults += [Fault(f"{at}.name", *wrong)] if wrong else []
        taken |= dict.fromkeys((spec.name, *fields), spec.name) if not wrong else {}
        faults += _interval_faults(spec, intervals, at)
        if function is None:
            faults.append(_unknown_function(spec.function, at))
            continue
        match _params(function, spec.params, f"{at}.params"):
            case Err(wrong_params):
                faults += wrong_params
            case Ok(params):
                indicators.append(_indicator(spec, function, params, fields))
    return Err(tuple(faults)) if faults else Ok(tuple(indicators))


def _indicator(
    spec: IndicatorSpec, function: Function, params: Mapping[str, Value], fields: tuple[str, ...]
) -> Indicator:
    lookback = function.lookback(params)
    return Indicator(
        name=spec.name,
        function=function.name,
        params=tuple(params.items()),
        fields=fields,
        columns=function.columns(params),
        lookback=lookback,
        window=window(function.name, params, lookback),
        with_interval=spec.with_interval,
        kernel=function.kernel(params),
    )


def _params(
    function: Function, declared: Iterable[tuple[str, Value]], path: str
) -> Result[Mapping[str, Value], tuple[Fault, ...]]:
    """The function's parameters with defaults filled in, or every fault."""
    known = {parameter.name: parameter for parameter in function.parameters}
    values: dict[str, Value] = {name: parameter.default for name, parameter in known.items()}
    faults: list[Fault] = []
    for name, value in declared:
        if name not in known:
            faults.append(_unknown_parameter(function, name, path))
            continue
        match known[name].check(value):
            case Ok(read):
                values[name] = read
            case Err(message):
                faults.append(Fault(f"{path}.{name}", message, _how_to_write(known[name].kind, value)))
    faults += [] if faults else _order_faults(function, values, path)
    return Err(tuple(faults)) if faults else Ok(MappingProxyType(values))


def _order_faults(function: Function, values: Mapping[str, Value], path: str) -> list[Fault]:
    if function.name not in ORDERED or int(values["fastperiod"]) < int(values["slowperiod"]):
        return []
    message = f"fastperiod {values['fastperiod']} is not below slowperiod {values['slowperiod']}"
    return [Fault(f"{path}.fastperiod", message, "make fastperiod the smaller one")]


def _how_to_write(kind: str, value: object) -> str:
    match kind:
        case "integer" | "average" if isinstance(value, int):
            return "choose one in that range"
        case "integer" | "average":
            return "write a number without quotes or point"
        case "decimal":
            return 'write it in quotes, as in "2.5"'
        case _:
            return "name a column of the candle"


def _unknown_parameter(function: Function, name: str, path: str) -> Fault:
    known = [parameter.name for parameter in function.parameters]
    if not known:
        return Fault(f"{path}.{name}", f"{function.name} takes no parameters", "remove it")
    remedy = f"did you mean {close[0]}?" if (close := get_close_matches(name, known, n=1)) else "use one of these"
    return Fault(f"{path}.{name}", f"{function.name} has no parameter '{name}', only {', '.join(known)}", remedy)


def _unknown_function(name: str, at: str) -> Fault:
    path, upper = f"{at}.function", name.upper()
    if refusal := REFUSED.get(upper):
        return Fault(path, f"{upper} {refusal.reason}", refusal.remedy)
    if upper in functions():
        return Fault(path, f"'{name}' is not a function; names are upper case", f"write {upper}")
    close = get_close_matches(upper, functions(), n=3, cutoff=0.5)
    remedy = f"did you mean {' or '.join(close)}?" if close else "docs/indicators.md lists the functions"
    return Fault(path, f"'{name}' is not a function of the catalogue", remedy)


def _interval_faults(spec: IndicatorSpec, intervals: tuple[str, ...], at: str) -> list[Fault]:
    longer, path = spec.with_interval, f"{at}.withInterval"
    if longer is None:
        return []
    if longer not in intervals or longer not in INTERVALS:
        remedy = f"use one of {', '.join(intervals)}, or add it to spec.intervals"
        return [Fault(path, f"'{longer}' is not an interval of this stream", remedy)]
    if all(INTERVALS[name].step >= INTERVALS[longer].step for name in intervals if name in INTERVALS):
        return [Fault(path, f"no interval of this stream is shorter than {longer}", "remove it, or add a shorter one")]
    return []
