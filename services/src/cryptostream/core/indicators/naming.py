"""Names of indicators and of the fields they are stored in. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from cryptostream.core.market.candle import CandleRecord

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")

ALWAYS: Final = ("mean_oc", "return", "range")
"""Values that every enriched row has, besides its hour and weekday."""

RESERVED: Final = frozenset(
    {
        *ALWAYS,
        *("hour", "weekday", "warm", "gap_in_window", "flagged", "stream", "time"),
        *CandleRecord.__struct_fields__,
    }
)
"""Columns that a store or an export has anyway."""


def fields_of(name: str, outputs: tuple[str, ...]) -> tuple[str, ...]:
    """Stored fields of the indicator `name`: its own name for one output, `<name>_<output>` for several."""
    return (name,) if len(outputs) == 1 else tuple(f"{name}_{output}" for output in outputs)


def name_fault(name: str) -> tuple[str, str] | None:
    """What is wrong with `name` by itself: message and remedy."""
    if not NAME.fullmatch(name):
        return f"'{name}' is not a name", "use 1 to 40 of a-z, 0-9 and _, beginning with a letter"
    if name in RESERVED:
        return f"'{name}' is a field that every row has", "choose another name"
    return None


def field_fault(name: str, fields: tuple[str, ...], taken: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with `name` beside others; `taken` maps names and fields in use to their indicator."""
    if taken.get(name) == name:
        return f"'{name}' is declared twice", "give every indicator a name of its own"
    clash = next((field for field in (name, *fields) if field in taken or field in RESERVED), None)
    if clash is None:
        return None
    owner = f"indicator '{taken[clash]}'" if clash in taken else "every row"
    return f"field '{clash}' would also be a field of {owner}", "choose another name"
