"""Small parsers of fields, and how they combine: every fault is collected, with its path and a remedy. Pure.

A parser takes a value as YAML or JSON gives it and the path where it stands.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from cryptostream.core.market.interval import Millis
from cryptostream.core.resource.spec import Fault
from cryptostream.core.result import Err, Ok, Result

T = TypeVar("T")
Faults = tuple[Fault, ...]
Parser = Callable[[object, str], Result[T, Faults]]


@dataclass(frozen=True, slots=True)
class Required:
    """Marks a field without a default; says what to write."""

    remedy: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object: its name in the document, the attribute it becomes, its parser and default."""

    name: str
    attribute: str
    parser: Parser[Any]
    default: object = None


REST: Final = "?"


def fault(path: str, message: str, remedy: str) -> Err[Faults]:
    """A single fault as a result."""
    return Err((Fault(path, message, remedy),))


# ---------------------------------------------------------------- objects


def read(value: object, path: str, fields: Iterable[Field]) -> tuple[dict[str, Any], Faults]:
    """The attributes of an object that could be read, and every fault of it."""
    if not isinstance(value, Mapping):
        return {}, (Fault(path, f"must be an object, not {_kind(value)}", "write its fields below it"),)
    known = {field.name: field for field in fields}
    faults = [_unknown(path, str(name), known) for name in value if name not in known]
    attributes: dict[str, Any] = {}
    for field in known.values():
        match _field(value, path, field):
            case Ok(parsed):
                attributes[field.attribute] = parsed
            case Err(found):
                faults += found
    return attributes, tuple(faults)


def made(make: Callable[..., T], fields: Iterable[Field], check: Callable[[T, str], Faults] | None = None) -> Parser[T]:
    """The parser of an object that becomes `make(**attributes)`, and is checked as a whole if it is well-formed."""
    known = tuple(fields)

    def parse(value: object, path: str) -> Result[T, Faults]:
        attributes, faults = read(value, path, known)
        if faults:
            return Err(faults)
        whole = make(**attributes)
        found = check(whole, path) if check else ()
        return Err(found) if found else Ok(whole)

    return parse


def _field(value: Mapping[Any, object], path: str, field: Field) -> Result[Any, Faults]:
    where = f"{path}.{field.name}" if path else field.name
    given = value.get(field.name)
    if given is not None:
        return field.parser(given, where)
    if isinstance(field.default, Required):
        return fault(where, "must be given", field.default.remedy)
    return Ok(field.default)


def _unknown(path: str, name: str, known: Iterable[str]) -> Fault:
    names = tuple(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    remedy = f"did you mean `{close[0]}`?" if close else f"remove it; known fields are {', '.join(names)}"
    return Fault(f"{path}.{name}" if path else name, "must be a known field", remedy)


# ---------------------------------------------------------------- lists


def items(
    parser: Parser[T], *, most: int, least: int = 1, key: Callable[[T], object] | None = None
) -> Parser[tuple[T, ...]]:
    """The parser of a list with `least` to `most` elements, unique by `key`."""

    def parse(value: object, path: str) -> Result[tuple[T, ...], Faults]:
        if not isinstance(value, list):
            return fault(
                path, f"must be a list, not {_kind(value)}", "write each element on a line of its own with `-`"
            )
        if not least <= len(value) <= most:
            return fault(path, f"must have {least} to {most} elements, not {len(value)}", "add or remove some")
        parsed = [parser(each, f"{path}[{place}]") for place, each in enumerate(value)]
        faults = [each for one in parsed if isinstance(one, Err) for each in one.error]
        values = [(place, one.value) for place, one in enumerate(parsed) if isinstance(one, Ok)]
        faults += _repeats(values, path, key or (lambda each: each))
        return Err(tuple(faults)) if faults else Ok(tuple(each for _, each in values))

    return parse


def _repeats(values: list[tuple[int, T]], path: str, key: Callable[[T], object]) -> Iterable[Fault]:
    first: dict[object, int] = {}
    for place, value in values:
        name = key(value)
        if name in first:
            yield Fault(f"{path}[{place}]", f"must be unique: {name} stands at {path}[{first[name]}] too", "remove one")
        first.setdefault(name, place)


# ---------------------------------------------------------------- scalars


def text(pattern: str, *, most: int, what: str, remedy: str) -> Parser[str]:
    """A string that matches `pattern` as a whole."""
    compiled = re.compile(pattern)

    def parse(value: object, path: str) -> Result[str, Faults]:
        if not isinstance(value, str):
            return fault(path, f"must be {what}, not {_kind(value)}", f"{remedy}; put it in quotes")
        if len(value) > most or not compiled.fullmatch(value):
            return fault(path, f"must be {what}, not `{value:.60}`", remedy)
        return Ok(value)

    return parse


def integer(least: int, most: int, unit: str = "") -> Parser[int]:
    """A whole number in [least, most]."""
    what = f"a whole number from {least} to {most}{' ' + unit if unit else ''}"

    def parse(value: object, path: str) -> Result[int, Faults]:
        if isinstance(value, bool) or not isinstance(value, int):
            return fault(path, f"must be {what}, not {_kind(value)}", "write it without quotes and without a fraction")
        if not least <= value <= most:
            return fault(path, f"must be {what}, not {value}", "choose one in that range")
        return Ok(value)

    return parse


def decimal(least: str, most: str) -> Parser[Decimal]:
    """A decimal in [least, most], written as a string: the API has no floats."""
    low, high = Decimal(least), Decimal(most)

    def parse(value: object, path: str) -> Result[Decimal, Faults]:
        if isinstance(value, bool) or not isinstance(value, str):
            return fault(path, f"must be a string holding a decimal, not {_kind(value)}", f'write "{value}"')
        try:
            number = Decimal(value)
        except InvalidOperation:
            return fault(path, f"must be a decimal, not `{value:.40}`", f'write for example "{least}"')
        if not number.is_finite() or not low <= number <= high:
            return fault(path, f"must be from {least} to {most}, not {value}", "choose one in that range")
        return Ok(number)

    return parse


def boolean(value: object, path: str) -> Result[bool, Faults]:
    """True or false."""
    if isinstance(value, bool):
        return Ok(value)
    return fault(path, f"must be true or false, not {_kind(value)}", "write it without quotes")


def choice(*names: str) -> Parser[str]:
    """One of `names`."""

    def parse(value: object, path: str) -> Result[str, Faults]:
        if isinstance(value, str) and value in names:
            return Ok(value)
        close = get_close_matches(str(value), names, n=1, cutoff=0.3)
        hint = f"did you mean {close[0]}?" if close else "choose one of them"
        return fault(path, f"must be one of {', '.join(names)}, not `{value!s:.40}`", hint)

    return parse


def moment(value: object, path: str) -> Result[Millis, Faults]:
    """A time in RFC 3339; YAML may have read it already."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return fault(
            path, f"must be a time in RFC 3339, not `{value!s:.40}`", 'write for example "2026-01-01T00:00:00Z"'
        )
    return Ok(int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000))


def anything(value: object, path: str) -> Result[object, Faults]:
    """Left to somebody else to look into."""
    del path
    return Ok(value)


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text `{value:.40}`"
        case list():
            return "a list"
        case _:
            return "an object"
