"""What clients say over a WebSocket, and what the exchange answers: SUBSCRIBE and its kin. Pure."""

import json
import re
from typing import Any

import msgspec

_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_ID = re.compile(r"[a-zA-Z0-9_-]{0,36}")


class Subscriptions(msgspec.Struct, frozen=True):
    """The state of one connection: its streams in the order they were asked for, and the form of its frames."""

    streams: tuple[str, ...] = ()
    combined: bool = False
    scale: int = 1
    """1 for times in ms, 1000 for µs."""


class _Refusal(msgspec.Struct, frozen=True):
    code: int
    msg: str


def respond(state: Subscriptions, text: str, most: int) -> tuple[Subscriptions, str]:
    """The new state and the answer to one message; `most` streams may be subscribed at once."""
    try:
        message = json.loads(text)
    except ValueError as error:
        return state, _encoded({"error": {"code": 3, "msg": f"Invalid JSON: {error}"}})
    fault = _malformed(message)
    number = message.get("id") if isinstance(message, dict) and _is_id(message.get("id")) else None
    if fault:
        return state, _refused(fault, number)
    method, params = message["method"], message.get("params", [])
    following, result = _done(state, method, params, most)
    if isinstance(result, _Refusal):
        return state, _refused(result, number)
    return following, _encoded({"result": result, "id": number})


def _malformed(message: Any) -> _Refusal | None:
    if not isinstance(message, dict):
        return _Refusal(2, "Invalid request: expected a JSON object")
    if "method" not in message:
        return _Refusal(2, "Invalid request: missing field `method`")
    if message["method"] not in _METHODS:
        named = ", ".join(f"`{method}`" for method in _METHODS)
        return _Refusal(2, f"Invalid request: unknown variant `{message['method']}`, expected one of {named}")
    if not _is_id(message.get("id")):
        return _Refusal(2, "Invalid request: request ID must be an unsigned integer")
    if not isinstance(message.get("params", []), list):
        return _Refusal(2, "Invalid request: params must be a list")
    return None


def _done(state: Subscriptions, method: str, params: list[Any], most: int) -> tuple[Subscriptions, Any]:
    match method:
        case "LIST_SUBSCRIPTIONS":
            return state, list(state.streams)
        case "SET_PROPERTY" | "GET_PROPERTY":
            return _property(state, params, reading=method == "GET_PROPERTY")
        case _ if not all(isinstance(name, str) for name in params):
            return state, _Refusal(2, "Invalid request: params must be stream names")
        case "SUBSCRIBE":
            wanted = tuple(dict.fromkeys((*state.streams, *params)))
            if len(wanted) > most:
                return state, _Refusal(4, "Too many subscriptions")
            return msgspec.structs.replace(state, streams=wanted), None
        case _:
            left = tuple(name for name in state.streams if name not in set(params))
            return msgspec.structs.replace(state, streams=left), None


def _property(state: Subscriptions, params: list[Any], *, reading: bool) -> tuple[Subscriptions, Any]:
    if not params or not isinstance(params[0], str):
        return state, _Refusal(2, "Invalid request: property name must be a string")
    if len(params) > (1 if reading else 2):
        return state, _Refusal(2, "Invalid request: too many parameters")
    if params[0] != "combined":
        return state, _Refusal(0, "Unknown property")
    if reading:
        return state, state.combined
    if len(params) < 2 or not isinstance(params[1], bool):
        return state, _Refusal(1, "Invalid value type: expected Boolean")
    return msgspec.structs.replace(state, combined=params[1]), None


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return _ID.fullmatch(value) is not None
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63)


def _refused(fault: _Refusal, number: Any) -> str:
    return _encoded({"error": {"code": fault.code, "msg": fault.msg}, "id": number})


def _encoded(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
