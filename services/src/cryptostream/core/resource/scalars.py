"""Parsers of single values: texts, numbers, choices, times, addresses. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from cryptostream.core.market.interval import Millis
from cryptostream.core.resource.fields import Parsed, Parser, kind, shown, wrong

_DECIMAL: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_URL: Final = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[^\s?#]*)?"
)
_LOOPBACK: Final = re.compile(r"localhost|127(?:\.\d{1,3}){3}|\[::1\]", re.ASCII)
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"


def text(pattern: str, *, most: int, what: str, remedy: str) -> Parser[str]:
    """A string of at most `most` characters that matches `pattern` as a whole."""
    compiled = re.compile(pattern)

    def parse(value: object, path: str) -> Parsed[str]:
        if not isinstance(value, str):
            return wrong(path, f"must be a string, not {kind(value)}", f"{remedy}, in quotes if YAML misreads it")
        if len(value) > most or not compiled.fullmatch(value):
            return wrong(path, f"must be {what}, not {kind(value)}", remedy)
        return Parsed(value)

    return parse


label: Final = text(
    _LABEL,
    most=63,
    what="a DNS label of at most 63 characters",
    remedy="use lower-case letters, digits and hyphens, with a letter or digit at both ends",
)
subdomain: Final = text(
    rf"{_LABEL}(?:\.{_LABEL})*",
    most=253,
    what="the name of a Kubernetes object",
    remedy="use lower-case letters, digits, hyphens and dots",
)


def name(most: int, what: str) -> Parser[str]:
    """The name of a resource: a DNS label of at most `most` characters."""
    return text(
        _LABEL,
        most=most,
        what=f"a DNS label of at most {most} characters, without dots",
        remedy=f"choose a shorter or simpler name for the {what}: lower-case letters, digits and hyphens",
    )


def integer(least: int, most: int) -> Parser[int]:
    """A whole number in [least, most]."""

    def parse(value: object, path: str) -> Parsed[int]:
        if isinstance(value, bool) or not isinstance(value, int):
            return wrong(path, f"must be an integer, not {kind(value)}", "write it without quotes and without a point")
        if not least <= value <= most:
            return wrong(path, f"must be from {least} to {most}, not {shown(value)}", "choose a number in that range")
        return Parsed(value)

    return parse


def decimal(least: str, most: str) -> Parser[Decimal]:
    """A decimal in [least, most], written as a string: the Kubernetes API has no floats."""
    low, high = Decimal(least), Decimal(most)

    def parse(value: object, path: str) -> Parsed[Decimal]:
        if isinstance(value, int | float) and not isinstance(value, bool):
            remedy = f'write "{shown(value)}", with the quotes'
            return wrong(path, f"must be a string holding a decimal, not the number {kind(value)}", remedy)
        if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
            return wrong(path, f"must be a string holding a decimal, not {kind(value)}", f'write for example "{most}"')
        if not low <= (number := Decimal(value)) <= high:
            return wrong(path, f"must be from {least} to {most}, not {value}", "choose a number in that range")
        return Parsed(number)

    return parse


def boolean(value: object, path: str) -> Parsed[bool]:
    """True or false."""
    if isinstance(value, bool):
        return Parsed(value)
    return wrong(path, f"must be true or false, not {kind(value)}", "write true or false without quotes")


def choice(*names: str) -> Parser[Any]:
    """One of `names`."""
    wanted = names[0] if len(names) == 1 else f"one of {', '.join(names)}"

    def parse(value: object, path: str) -> Parsed[str]:
        if isinstance(value, str) and value in names:
            return Parsed(value)
        likely = _similar(shown(value), names)
        remedy = f"did you mean {likely}?" if likely else f"write {' or '.join(names)}"
        return wrong(path, f"must be {wanted}, not {kind(value)}", remedy)

    return parse


def _similar(given: str, names: tuple[str, ...]) -> str | None:
    folded = {each.lower(): each for each in names}
    close = get_close_matches(given.lower(), folded, n=1)
    return folded[close[0]] if close else None


def moment(earliest: datetime) -> Parser[Millis]:
    """A time as RFC 3339 has it, not before `earliest`, in ms."""

    def parse(value: object, path: str) -> Parsed[Millis]:
        remedy = 'write for example "2026-01-01T00:00:00Z"'
        at = value if isinstance(value, datetime) else _datetime(value)
        if at is None:
            return wrong(path, f"must be a time as in RFC 3339, not {kind(value)}", remedy)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if at < earliest:
            message = f"must not be before {earliest:%Y-%m-%d}, when the exchange had not begun"
            return wrong(path, message, "choose a later time")
        return Parsed(round(at.timestamp() * 1000))

    return parse


def _datetime(value: object) -> datetime | None:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        return None


def url(secure: str, plain: str, plain_for: Callable[[str], bool] | None = None) -> Parser[str]:
    """An address without user and query: scheme `secure`, or `plain` for hosts for which `plain_for` holds (or any)."""
    schemes = f"{secure}://" if plain_for else f"{secure}:// or {plain}://"

    def parse(value: object, path: str) -> Parsed[str]:
        found = _URL.fullmatch(value) if isinstance(value, str) and len(value) <= 1024 else None
        if found is None or found["scheme"] not in {secure, plain} or not 0 < int(found["port"] or 1) < 65536:
            given = "one with a user" if isinstance(value, str) and "@" in value else kind(value)  # tells no password
            message = f"must be an address that begins with {schemes}, not {given}"
            return wrong(path, message, f"write for example {secure}://host.example:443, without user and query")
        if found["scheme"] == plain and plain_for is not None and not plain_for(found["host"]):
            message = f"must begin with {secure}://: {plain}:// is for loopback and hosts inside the cluster"
            return wrong(path, message, f"write {secure}{found[0].removeprefix(plain)}")
        return Parsed(found[0].rstrip("/"))

    return parse


def is_private(host: str) -> bool:
    """Whether `host` is loopback, or a name that only exists inside a cluster (a simulator, say)."""
    inside = host.endswith((".svc", ".cluster.local")) or not {".", ":"}.intersection(host)
    return inside or _LOOPBACK.fullmatch(host) is not None
