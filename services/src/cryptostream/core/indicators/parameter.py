"""One parameter of a function: its bounds, and the check of what a user declared for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, assert_never

from cryptostream.core.result import Err, Ok, Result

Value = int | Decimal | str
Kind = Literal["integer", "decimal", "average", "input"]

PRICES: Final = ("open", "high", "low", "close")
COLUMNS: Final = (*PRICES, "volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
"""Columns of a candle table that an indicator may read."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may be declared: whole numbers or decimals in [minimum, maximum], or one of `choices`.

    An `average` is TA-Lib's number of a moving average; `choices` maps what may be declared to its name.
    """

    name: str
    kind: Kind
    default: Value
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal(0)
    choices: Mapping[Value, str] | None = None

    def bounds(self) -> str:
        """What may be declared, in words."""
        match self.kind:
            case "integer":
                return f"a whole number from {self.minimum} to {self.maximum}"
            case "decimal":
                return f"a decimal from {self.minimum} to {self.maximum}"
            case "average":
                return "one of " + ", ".join(f"{number} ({name})" for number, name in (self.choices or {}).items())
            case "input":
                return "one of " + ", ".join(map(str, self.choices or {}))
        assert_never(self.kind)

    def check(self, value: object) -> Result[Value, str]:
        """`value` as the function takes it, or what is wrong with it."""
        read = _decimal(value) if self.kind == "decimal" else value
        if isinstance(read, int | Decimal | str) and self._allows(read):
            return Ok(read)
        return Err(f"{value if isinstance(value, int) else repr(str(value))} is not {self.bounds()}")

    def _allows(self, value: Value) -> bool:
        match self.kind:
            case "integer":
                return type(value) is int and self.minimum <= value <= self.maximum
            case "decimal":
                return isinstance(value, Decimal) and self.minimum <= value <= self.maximum
            case "average" | "input":
                return type(value) in {int, str} and value in (self.choices or {})
        assert_never(self.kind)


def _decimal(value: object) -> Decimal | None:
    """Decimals come as numbers, or as the strings they were written as."""
    try:
        number = Decimal(value) if isinstance(value, int | Decimal | str) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None
