"""Parameters of the REST calls: the exchange's checks in its order, with its codes. Pure."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote_plus

import msgspec

from cryptostream.core.result import Err, Ok, Result
from cryptostream.simulator.grid import HOUR, MINUTE, NAMES

_SYMBOL = r"(?:(?![a-z])[\w\-.]){1,50}"
_SYMBOL_SHOWN = r"^[\w\-._&&[^a-z]]{1,50}$"
_NUMBER = r"[0-9]{1,20}"
_WORD = r"[a-zA-Z0-9]{1,10}"
_ZONE = re.compile(r"([+-]?)(\d{1,2})(?::(\d{2}))?")
_STATUSES = ("TRADING", "HALT", "BREAK")


class ApiError(msgspec.Struct, frozen=True):
    """The body of a refusal; its HTTP status is 400."""

    code: int
    msg: str


Params = Mapping[str, str]
Check = Callable[[Params], ApiError | None]


def parse_query(query: str, known: Sequence[str]) -> Result[Params, ApiError]:
    """The parameters of a query string: none twice, none unknown."""
    pairs = [(unquote_plus(key), unquote_plus(value)) for key, _, value in _parted(query)]
    params = dict(pairs)
    if len(params) < len(pairs):
        return Err(ApiError(-1101, "Duplicate values for a parameter detected."))
    read = [key for key in params if key in known]
    if len(read) < len(params):
        told = f"read '{len(read)}' parameter(s) but was sent '{len(params)}'."
        return Err(ApiError(-1104, f"Not all sent parameters were read; {told}"))
    return Ok(params)


def first_fault(params: Params, checks: Sequence[Check]) -> ApiError | None:
    """The first of `checks` that finds something; the rest is not asked."""
    return next((fault for check in checks if (fault := check(params))), None)


def mandatory(name: str) -> Check:
    """Sent at all."""

    def check(params: Params) -> ApiError | None:
        sent = name in params
        return (
            None
            if sent
            else ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
        )

    return check


def legal(name: str, pattern: str, shown: str | None = None) -> Check:
    """If sent, not empty and of the legal characters."""

    def check(params: Params) -> ApiError | None:
        value = params.get(name)
        if value is None:
            return None
        if not value:
            return ApiError(-1105, f"Parameter '{name}' was empty.")
        told = f"Illegal characters found in parameter '{name}'; legal range is '{shown or f'^{pattern}$'}'."
        return None if re.fullmatch(pattern, value) else ApiError(-1100, told)

    return check


def known_symbol(names: frozenset[str]) -> Check:
    """One of `names`, if sent."""

    def check(params: Params) -> ApiError | None:
        return None if params.get("symbol", "") in names | {""} else ApiError(-1121, "Invalid symbol.")

    return check


def known_interval(params: Params) -> ApiError | None:
    """One of the sixteen."""
    return None if params["interval"] in NAMES else ApiError(-1120, "Invalid interval.")


def known_zone(params: Params) -> ApiError | None:
    """Within -12:00 and +14:00, if sent."""
    invalid = "timeZone" in params and zone_of(params["timeZone"]) is None
    return ApiError(-1130, "Data sent for parameter 'timeZone' is not valid.") if invalid else None


def zone_of(text: str) -> int | None:
    """The offset in ms that `8`, `-1:00` or `05:45` means; None if it is none within -12:00..+14:00."""
    match = _ZONE.fullmatch(text.strip())
    if not match or int(match[3] or 0) > 59:
        return None
    offset = (int(match[2]) * HOUR + int(match[3] or 0) * MINUTE) * (-1 if match[1] == "-" else 1)
    return offset if -12 * HOUR <= offset <= 14 * HOUR else None


def known_status(params: Params) -> ApiError | None:
    """One that may be asked for, and not together with symbols."""
    status = params.get("symbolStatus")
    if status is not None and status not in _STATUSES:
        return ApiError(-1122, "Invalid symbolStatus.")
    both = status is not None and ("symbol" in params or "symbols" in params)
    return ApiError(-1128, "Combination of optional parameters invalid.") if both else None


def symbol_list(names: frozenset[str]) -> Check:
    """The check of `symbols=["A","B"]`."""

    def check(params: Params) -> ApiError | None:
        if "symbols" not in params:
            return None
        if "symbol" in params:
            return ApiError(-1128, "Combination of optional parameters invalid.")
        asked = symbols_of(params["symbols"])
        if asked is None:
            return ApiError(
                -1100, "Illegal characters found in parameter 'symbols'; legal range is a JSON list of symbols."
            )
        if len(set(asked)) < len(asked):
            return ApiError(-1151, "Symbol is present multiple times in the list.")
        return None if names.issuperset(asked) else ApiError(-1121, "Invalid symbol.")

    return check


def symbols_of(text: str) -> list[str] | None:
    """The list that `text` is in JSON, or None."""
    try:
        asked = json.loads(text)
    except ValueError:
        return None
    well_formed = isinstance(asked, list) and all(isinstance(s, str) and re.fullmatch(_SYMBOL, s) for s in asked)
    return asked if well_formed else None


KLINES = ("symbol", "interval", "startTime", "endTime", "timeZone", "limit")
KLINES_FORM: tuple[Check, ...] = (
    mandatory("symbol"),
    legal("symbol", _SYMBOL, _SYMBOL_SHOWN),
    mandatory("interval"),
    legal("interval", _WORD),
    *(legal(name, _NUMBER) for name in ("startTime", "endTime", "limit")),
)
INFO = ("symbol", "symbols", "permissions", "symbolStatus", "showPermissionSets")
INFO_FORM: tuple[Check, ...] = (legal("symbol", _SYMBOL, _SYMBOL_SHOWN), known_status)


def _parted(query: str) -> list[tuple[str, str, str]]:
    return [part.partition("=") for part in query.split("&") if part]
