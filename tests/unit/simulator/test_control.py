"""The control messages of a WebSocket and their answers, as they stand on the wire."""

import json
from typing import Any

import pytest

from cryptostream.simulator.control import Subscriptions, respond

STATE = Subscriptions(("btcusdc@kline_1m",))


def say(message: Any, state: Subscriptions = STATE, most: int = 1024) -> tuple[Subscriptions, Any]:
    following, answer = respond(state, message if isinstance(message, str) else json.dumps(message), most)
    return following, json.loads(answer)


def test_subscribe_and_unsubscribe_change_the_list_in_order() -> None:
    state, answer = say({"method": "SUBSCRIBE", "params": ["a@kline_1s", "btcusdc@kline_1m"], "id": 1})
    assert answer == {"result": None, "id": 1}
    assert state.streams == ("btcusdc@kline_1m", "a@kline_1s")
    state, answer = say({"method": "UNSUBSCRIBE", "params": ["btcusdc@kline_1m", "never"], "id": "x1"}, state)
    assert answer == {"result": None, "id": "x1"}
    assert say({"method": "LIST_SUBSCRIPTIONS", "id": 3}, state)[1] == {"result": ["a@kline_1s"], "id": 3}


def test_properties() -> None:
    assert say({"method": "GET_PROPERTY", "params": ["combined"], "id": 2})[1] == {"result": False, "id": 2}
    state, answer = say({"method": "SET_PROPERTY", "params": ["combined", True], "id": 5})
    assert answer == {"result": None, "id": 5}
    assert say({"method": "GET_PROPERTY", "params": ["combined"], "id": 2}, state)[1]["result"] is True


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("not json", 3),
        ("[1]", 2),
        ({"params": ["a"], "id": 1}, 2),
        ({"method": "NONSENSE", "id": 1}, 2),
        ({"method": "SUBSCRIBE", "params": "a", "id": 1}, 2),
        ({"method": "SUBSCRIBE", "params": [1], "id": 1}, 2),
        ({"method": "LIST_SUBSCRIPTIONS", "id": 1.5}, 2),
        ({"method": "LIST_SUBSCRIPTIONS", "id": "x" * 37}, 2),
        ({"method": "GET_PROPERTY", "params": ["nonsense"], "id": 1}, 0),
        ({"method": "SET_PROPERTY", "params": ["combined", "yes"], "id": 1}, 1),
        ({"method": "SET_PROPERTY", "params": [7, True], "id": 1}, 2),
        ({"method": "SET_PROPERTY", "params": ["combined", True, 1], "id": 1}, 2),
    ],
)
def test_errors_are_wrapped_and_change_nothing(message: Any, code: int) -> None:
    state, answer = say(message)
    assert answer["error"]["code"] == code
    assert answer["error"]["msg"]
    assert state == STATE


def test_an_error_carries_the_id_of_its_message() -> None:
    assert say({"method": "NONSENSE", "id": 12})[1]["id"] == 12


def test_no_more_streams_than_a_connection_may_have() -> None:
    names = [f"s{number}@kline_1m" for number in range(1024)]
    state, answer = say({"method": "SUBSCRIBE", "params": names, "id": 19})
    assert answer == {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 19}
    assert state == STATE
    assert say({"method": "SUBSCRIBE", "params": names[1:], "id": 20})[1] == {"result": None, "id": 20}
