"""How parsers of fields combine into parsers of objects and lists, so that every fault is collected. Pure.

A parser takes a value as YAML or JSON gives it, and the path where it stands. It returns what can be used of
it besides all of its faults: one fault does not hide those of its neighbours, nor what only the whole shows.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Generic, TypeVar

from cryptostream.core.resource.spec import Fault

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Faults = tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T_co]):
    """What could be used of a value (None: nothing), and what is wrong with it."""

    value: T_co | None
    faults: Faults = ()


Parser = Callable[[object, str], Parsed[T]]


@dataclass(frozen=True, slots=True)
class Required:
    """In the place of a default: there is none. `stand_in` is used where the field is missing or unreadable."""

    remedy: str
    stand_in: object = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object by its name in the document; its attribute is the same name in snake case."""

    name: str
    parser: Parser[Any]
    default: object = None

    @property
    def attribute(self) -> str:
        """The name of the argument that it becomes."""
        return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", self.name)

    @property
    def fallback(self) -> object:
        """What stands for a value that is missing or unreadable."""
        return self.default.stand_in if isinstance(self.default, Required) else self.default


_CAPITAL: Final = re.compile("[A-Z]")


def wrong(path: str, message: str, remedy: str) -> Parsed[Any]:
    """Nothing usable, for one reason."""
    return Parsed(None, (Fault(path, message, remedy),))


def join(path: str, name: str) -> str:
    """The path of the field `name` in the object at `path`."""
    return f"{path}.{name}" if path else name


# ---------------------------------------------------------------- objects


def record(
    make: Callable[..., T], fields: Iterable[Field], check: Callable[[T, str], Iterable[Fault]] | None = None
) -> Parser[T]:
    """The parser of an object that becomes `make(**attributes)`; `check` looks at it if its fields are right."""
    known = tuple(fields)

    def parse(value: object, path: str) -> Parsed[T]:
        if not isinstance(value, Mapping):
            return wrong(path, f"must be an object, not {kind(value)}", "write its fields below it, indented")
        attributes, faults = read(value, path, known)
        whole = make(**attributes)
        return Parsed(whole, faults or tuple(check(whole, path) if check else ()))

    return parse


def read(value: Mapping[Any, object], path: str, fields: Iterable[Field]) -> tuple[dict[str, Any], Faults]:
    """Every attribute of an object, with fallbacks where it has no usable value, and every fault of it.

    A field that is null counts as missing, as in Kubernetes.
    """
    known = {field.name: field for field in fields}
    faults = [_unknown(path, name, known) for name in value if name not in known]
    attributes: dict[str, Any] = {}
    for field in known.values():
        given = value.get(field.name)
        parsed = _missing(field, path) if given is None else field.parser(given, join(path, field.name))
        attributes[field.attribute] = field.fallback if parsed.value is None else parsed.value
        faults += parsed.faults
    return attributes, tuple(faults)


def _missing(field: Field, path: str) -> Parsed[Any]:
    if isinstance(field.default, Required):
        return wrong(join(path, field.name), "must be given", field.default.remedy)
    return Parsed(None)


def _unknown(path: str, name: object, known: Iterable[str]) -> Fault:
    names = tuple(known)
    close = get_close_matches(str(name)[:80], names, n=1)
    remedy = f"did you mean {close[0]}?" if close else f"remove it; there are {', '.join(names)}"
    return Fault(join(path, shown(name)), "must be a known field", remedy)


# ---------------------------------------------------------------- lists


def items(
    parser: Parser[T], *, most: int, least: int = 1, key: Callable[[T], object] | None = None
) -> Parser[tuple[T, ...]]:
    """The parser of a list with `least` to `most` elements; no two may have one `key`, which is asked if it is given.

    Elements without a usable value are left out.
    """

    def parse(value: object, path: str) -> Parsed[tuple[T, ...]]:
        if not isinstance(value, list):
            return wrong(path, f"must be a list, not {kind(value)}", "write it as [first, second]")
        if len(value) > most:
            return wrong(
                path, f"must have at most {most} elements, not {len(value)}", "spread them over several streams"
            )
        parsed = [parser(each, f"{path}[{place}]") for place, each in enumerate(value)]
        usable = [(place, one.value) for place, one in enumerate(parsed) if one.value is not None]
        faults = [fault for one in parsed for fault in one.faults]
        if len(value) < least:
            faults.append(Fault(path, f"must have at least {least} element{'s'[: least > 1]}", "add one"))
        repeats = _repeats(usable, path, key) if key else ()
        return Parsed(tuple(each for _, each in usable), (*faults, *repeats))

    return parse


def _repeats(usable: Iterable[tuple[int, T]], path: str, key: Callable[[T], object]) -> Iterable[Fault]:
    first: dict[object, int] = {}
    for place, value in usable:
        name = key(value)
        if name in first:
            yield Fault(
                f"{path}[{place}]", f"must be unique: {name} is also {path}[{first[name]}]", "remove one of them"
            )
        first.setdefault(name, place)


# ---------------------------------------------------------------- words for what was given


def shown(value: object) -> str:
    """What was given, as one short line."""
    if isinstance(value, str):
        text = value if len(value) <= 60 else f"{value[:57]}..."
        return text if text.isprintable() else repr(text)[1:-1]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**30 else "a huge number"
    return kind(value)


def kind(value: object) -> str:
    """What sort of thing was given, with the value itself where it is short."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return shown(value)
        case float():
            return repr(value)
        case str():
            return f"'{shown(value)}'"
        case list():
            return "a list"
        case Mapping():
            return "an object"
        case _:
            return f"a {type(value).__name__}"
