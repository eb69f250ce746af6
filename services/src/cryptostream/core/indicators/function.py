"""What can be computed: every function with its inputs, parameters and outputs. Pure.

TA-Lib describes its functions itself (`talib.abstract`); what it does not tell is how much of the past
a function remembers (`memory`) and which ones never forget (`refused`). Our own stand beside them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from itertools import chain, count
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import talib
from numpy.typing import NDArray
from talib import abstract

from cryptostream.core.indicators import rolling
from cryptostream.core.indicators.memory import MOVING_AVERAGES
from cryptostream.core.indicators.parameter import COLUMNS, Parameter, Value
from cryptostream.core.market.candle import Floats

MAX_PERIOD: Final = 500

Kernel = Callable[[list[Floats], int], tuple[Floats, ...]]
"""Input columns of one call and the number n of values wanted → per output a column of length n: the
values of the last n rows, NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the catalogue. `inputs` are columns, or names of parameters that choose one."""

    name: str
    title: str
    group: str
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    lookback: Callable[[Mapping[str, Value]], int]
    kernel: Callable[[Mapping[str, Value]], Kernel]

    def columns(self, params: Mapping[str, Value]) -> tuple[str, ...]:
        """The columns read, in the order of the kernel's arguments."""
        return tuple(str(params.get(name, name)) for name in self.inputs)


GROUPS: Final = (
    "Overlap Studies",
    "Momentum Indicators",
    "Volatility Indicators",
    "Statistic Functions",
    "Price Transform",
    "Volume Indicators",
    "Math Operators",
    "Pattern Recognition",
)
OWN_GROUP: Final = "Rolling (our own)"

OUTPUT_NAMES: Final = MappingProxyType(
    {
        "upperband": "upper",
        "middleband": "middle",
        "lowerband": "lower",
        "macdsignal": "signal",
        "macdhist": "hist",
        "smisignal": "signal",
        "aroondown": "down",
        "aroonup": "up",
        "bullpower": "bull",
        "bearpower": "bear",
        "swinghigh": "high",
        "swinglow": "low",
        "haopen": "open",
        "hahigh": "high",
        "halow": "low",
        "haclose": "close",
    }
)
"""Outputs that get a shorter name than TA-Lib's in `<indicator>_<output>`."""

DECIMAL_BOUNDS: Final = MappingProxyType({"vfactor": (0, 1), "percentile": (0, 100), "penetration": (0, 10)})
INPUTS: Final[Mapping[Value, str]] = MappingProxyType({column: column for column in COLUMNS})
PRICE_INPUTS: Final = MappingProxyType({"price": "input", "price0": "input0", "price1": "input1"})


def talib_functions(group: str) -> tuple[str, ...]:
    """Names of TA-Lib's functions of `group`."""
    return tuple(talib.get_function_groups()[group])  # type: ignore[no-untyped-call]


@cache
def describe(name: str) -> Function:
    """TA-Lib's function `name` as its metadata describes it."""
    info: Mapping[str, Any] = _abstract(name).info
    names = tuple(info["parameters"])
    inputs: Mapping[str, Any] = info["input_names"]
    return Function(
        name=name,
        title=info["display_name"],
        group=info["group"],
        inputs=tuple(chain(*((PRICE_INPUTS[key],) if key in PRICE_INPUTS else inputs[key] for key in inputs))),
        parameters=(
            *(_parameter(name, param, default) for param, default in info["parameters"].items()),
            *(_input(PRICE_INPUTS[key], inputs[key]) for key in inputs if key in PRICE_INPUTS),
        ),
        outputs=tuple(OUTPUT_NAMES.get(output, output) for output in info["output_names"]),
        lookback=partial(_talib_lookback, name, names),
        kernel=partial(_talib_kernel, name, names),
    )


def own_functions() -> tuple[Function, ...]:
    """The functions of `rolling`."""
    price = _input("input", "close")
    return (
        _rolling("VWAP", "Rolling volume-weighted average price", rolling.vwap, ("quote_volume", "volume"), _period(1)),
        _rolling("ZSCORE", "Distance from the mean in deviations", rolling.zscore, ("input",), _period(2), price),
        _rolling(
            "REALISED_VOLATILITY",
            "Deviation of the log returns",
            rolling.realised_volatility,
            ("input",),
            _period(2),
            price,
            before=1,  # the first return needs the candle before it
        ),
    )


def _rolling(
    name: str,
    title: str,
    compute: Callable[..., Floats],
    inputs: tuple[str, ...],
    *parameters: Parameter,
    before: int = 0,
) -> Function:
    def kernel(params: Mapping[str, Value]) -> Kernel:
        return lambda columns, wanted: (compute(*columns, wanted=wanted, timeperiod=params["timeperiod"]),)

    return Function(
        name=name,
        title=title,
        group=OWN_GROUP,
        inputs=inputs,
        parameters=parameters,
        outputs=("real",),
        lookback=lambda params: int(params["timeperiod"]) - 1 + before,
        kernel=kernel,
    )


def _period(minimum: int) -> Parameter:
    return Parameter("timeperiod", "integer", 20, Decimal(minimum), Decimal(MAX_PERIOD))


def _input(name: str, default: str) -> Parameter:
    return Parameter(name, "input", default, choices=INPUTS)


def _parameter(function: str, name: str, default: float) -> Parameter:
    if not isinstance(default, int):
        low, high = DECIMAL_BOUNDS.get(name, (0, 100))
        return Parameter(name, "decimal", Decimal(str(default)), Decimal(low), Decimal(high))
    if name.endswith("matype"):
        return Parameter(name, "average", default, choices={key: ma for key, (ma, _) in MOVING_AVERAGES.items()})
    return Parameter(name, "integer", default, Decimal(_smallest(function, name)), Decimal(MAX_PERIOD))


def _smallest(function: str, parameter: str) -> int:
    """The least value that TA-Lib takes; its lookback is -1 for parameters out of bounds."""
    return next(value for value in count() if _abstract(function, **{parameter: value}).lookback >= 0)


def _talib_params(names: tuple[str, ...], params: Mapping[str, Value]) -> dict[str, float]:
    return {name: value if isinstance(value := params[name], int) else float(value) for name in names}


def _talib_lookback(name: str, names: tuple[str, ...], params: Mapping[str, Value]) -> int:
    return int(_abstract(name, **_talib_params(names, params)).lookback)


def _talib_kernel(name: str, names: tuple[str, ...], params: Mapping[str, Value]) -> Kernel:
    compute = partial(getattr(talib, name), **_talib_params(names, params))
    lookback = _talib_lookback(name, names, params)

    def kernel(columns: list[Floats], wanted: int) -> tuple[Floats, ...]:
        answer = compute(*columns)
        outputs = answer if isinstance(answer, tuple) else (answer,)
        return tuple(_floats(output, lookback)[-wanted:] for output in outputs)

    return kernel


def _floats(output: NDArray[Any], lookback: int) -> Floats:
    """`output` as floats; where a value is missing, TA-Lib says NaN in floats but 0 in integers (patterns)."""
    if output.dtype == np.float64:
        return output
    floats = output.astype(np.float64)
    floats[:lookback] = np.nan
    return floats


def _abstract(name: str, **params: float) -> Any:
    return abstract.Function(name, **params)  # type: ignore[attr-defined]  # made at run time, not in the stubs
