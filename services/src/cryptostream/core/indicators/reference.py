"""The reference of all functions, as Markdown; `python -m cryptostream.core.indicators.reference` prints it.

It is the last part of `docs/indicators.md`, and a test checks that it is up to date there. Pure.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from cryptostream.core.indicators.catalogue import compile_indicators, functions
from cryptostream.core.indicators.function import GROUPS, OWN_GROUP, Function
from cryptostream.core.indicators.parameter import COLUMNS, Parameter
from cryptostream.core.indicators.refused import REFUSED
from cryptostream.core.resource.spec import IndicatorSpec
from cryptostream.core.result import Err

HEADER = ("function", "what it is", "reads", "parameters (default, bounds)", "stored as", "W")


def reference() -> str:
    """One table per group of functions, then the functions that are refused."""
    order = (OWN_GROUP, *GROUPS)
    ordered = sorted(functions().values(), key=lambda function: (order.index(function.group), function.name))
    parts = [
        f"### {group}\n\n{_table(HEADER, map(_row, members))}"
        for group, members in groupby(ordered, key=lambda function: function.group)
    ]
    refused = _table(("function", "why it is refused", "instead"), sorted(_refused()))
    return "\n\n".join((*parts, f"### Refused\n\n{refused}"))


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [tuple(header), *map(tuple, rows)]
    cells.insert(1, ("---",) * len(cells[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _row(function: Function) -> tuple[str, ...]:
    fields, window = _stored(function.name)
    parameters = "; ".join(f"`{p.name}` ({p.default}{_bounds(p)})" for p in function.parameters)
    inputs = ", ".join(name if name in COLUMNS else f"`{name}`" for name in function.inputs)
    return f"`{function.name}`", function.title, inputs, parameters or "none", fields, str(window)


def _bounds(parameter: Parameter) -> str:
    return "" if parameter.choices else f", {parameter.minimum} to {parameter.maximum}"


def _stored(function: str) -> tuple[str, int]:
    """Fields and window of the indicator `x` with the function's defaults."""
    compiled = compile_indicators((IndicatorSpec("x", function),), ())
    if isinstance(compiled, Err):
        raise TypeError(f"{function} cannot be declared with its own defaults: {compiled.error}")
    (indicator,) = compiled.value
    return ", ".join(f"`{field}`" for field in indicator.fields), indicator.window


def _refused() -> Iterator[tuple[str, str, str]]:
    """Functions that are refused for one reason stand in one row."""
    by_reason = sorted(REFUSED, key=lambda name: (REFUSED[name].reason, REFUSED[name].remedy, name))
    for refusal, names in groupby(by_reason, key=REFUSED.__getitem__):
        yield ", ".join(f"`{name}`" for name in names), refusal.reason, refusal.remedy


if __name__ == "__main__":
    print(reference())  # noqa: T201 - this is what the module is run for
