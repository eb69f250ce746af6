import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cryptostream.core.codec.binance import KlineFrame, Other, Reply, ReplyError, Shutdown, frame
from tests.unit.codec.examples import CANDLE, CLOSE, OPEN, PAYLOAD, err, ok


def payload(**changes: Any) -> dict[str, Any]:
    changed = deepcopy(PAYLOAD)
    for name, value in changes.items():
        (changed if name in changed else changed["k"])[name] = value
    return changed


def combined(data: dict[str, Any]) -> dict[str, Any]:
    return {"stream": "btcusdc@kline_1m", "data": data}


def read(message: object) -> object:
    return ok(frame(json.dumps(message)))


def test_a_closed_candle_raw_and_combined_as_text_and_bytes() -> None:
    assert read(PAYLOAD) == KlineFrame(CANDLE, closed=True)
    assert read(combined(PAYLOAD)) == KlineFrame(CANDLE, closed=True)
    assert ok(frame(json.dumps(PAYLOAD).encode())) == KlineFrame(CANDLE, closed=True)


def test_an_update_within_the_candle_is_not_closed() -> None:
    assert read(payload(x=False)) == KlineFrame(CANDLE, closed=False)


def test_microseconds_are_told_by_magnitude() -> None:
    micros = payload(t=OPEN * 1000, T=CLOSE * 1000 + 999, E=1761711780004321)
    assert read(micros) == KlineFrame(CANDLE, closed=True)


def test_a_candle_without_trades_has_no_trade_ids() -> None:
    quiet = read(payload(f=-1, L=-1, n=0))
    assert quiet == KlineFrame(replace(CANDLE, trades=0, first_trade_id=None, last_trade_id=None), closed=True)


def test_what_a_replayed_recording_lacks_is_none() -> None:
    lacking = read(payload(f=None, L=None, n=None, q=None, V=None, Q=None))
    nothing = dict.fromkeys(
        ("first_trade_id", "last_trade_id", "trades", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    )
    assert lacking == KlineFrame(replace(CANDLE, **nothing), closed=True)


def test_fields_that_may_come_are_passed_over() -> None:
    assert read(payload(B="0") | {"new": [1]}) == KlineFrame(CANDLE, closed=True)


def test_the_server_says_that_it_will_go() -> None:
    assert read({"e": "serverShutdown", "E": 1770123456789}) == Shutdown(1770123456789)
    wrapped = {"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": 1770123456789000}}
    assert read(wrapped) == Shutdown(1770123456789)


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ({"result": None, "id": 1}, Reply(1)),
        ({"result": None, "id": None}, Reply(None)),
        ({"result": ["btcusdt@kline_1m"], "id": "a1"}, Reply("a1")),
        ({"result": True, "id": 2}, Reply(2)),
        ({"code": 2, "msg": "Invalid request"}, Reply(None, ReplyError(2, "Invalid request"))),
        ({"code": 0, "msg": "Unknown property", "id": 9}, Reply(9, ReplyError(0, "Unknown property"))),
        ({"error": {"code": 2, "msg": "Invalid request"}, "id": 1}, Reply(1, ReplyError(2, "Invalid request"))),
        ({"error": {"code": 3, "msg": "Invalid JSON"}}, Reply(None, ReplyError(3, "Invalid JSON"))),
    ],
)
def test_replies_and_both_forms_of_errors(message: object, reply: Reply) -> None:
    assert read(message) == reply


def test_an_error_says_code_and_message() -> None:
    assert str(ReplyError(4, "Too many subscriptions")) == "4: Too many subscriptions"


def test_other_messages_are_of_no_interest() -> None:
    assert read({"e": "trade", "E": 1761711780004, "s": "BTCUSDC", "t": 1, "p": "1.0"}) == Other("trade")
    assert read({}) == Other("unknown")


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "7", '"e"', "<html>403</html>", '{"e":"kline"}', '{"e":"kline","E":1,"k":null}'),
        *(b"\xff\xfe", b'{"e":"\xff"}', '{"data":' * 5000, "[" * 100_000, '{"x":' + "[" * 100_000),
        '{"e":"kline","E":1,"e":7}',
    ],
)
def test_what_is_no_message_is_malformed(text: str | bytes) -> None:
    assert err(frame(text)).reason == "malformed"


@pytest.mark.parametrize("name", ["t", "T", "s", "i", "o", "c", "h", "l", "v", "x"])
def test_a_missing_field_is_named(name: str) -> None:
    lacking = payload()
    del lacking["k"][name]
    rejected = err(frame(json.dumps(lacking)))
    assert rejected.reason == "malformed"
    assert f"`{name}`" in rejected.detail


@pytest.mark.parametrize(
    ("name", "value"), [("t", "x"), ("t", -5), ("T", 10**18), ("x", "true"), ("o", 1.5), ("n", "4")]
)
def test_a_field_of_another_type_is_named(name: str, value: object) -> None:
    rejected = err(frame(json.dumps(combined(payload(**{name: value})))))
    assert rejected.reason == "malformed"
    assert "$.data.k" in rejected.detail


def test_an_unknown_interval_is_named() -> None:
    assert err(frame(json.dumps(payload(i="7m")))).reason == "unknown_interval"


def test_a_decimal_that_is_none_is_named() -> None:
    rejected = err(frame(json.dumps(payload(h="high"))))
    assert rejected.reason == "bad_number"
    assert "high is no decimal" in rejected.detail


def test_captured_frames_of_the_exchange(shared_data: Path) -> None:
    lines = (shared_data / "ws_frames" / "captured_kline_frames.jsonl").read_text().splitlines()
    assert len(lines) == 6
    for line in lines:
        found = ok(frame(line))
        assert isinstance(found, KlineFrame)
        outer = json.loads(line)
        event = outer.get("data", outer)
        kline, candle = event["k"], found.candle
        assert found.closed
        assert (candle.symbol, candle.interval, candle.exchange_time) == (event["s"], "1s", event["E"])
        assert [candle.open, candle.high, candle.low, candle.close] == [kline[name] for name in "ohlc"]
        assert [candle.volume, candle.quote_volume] == [kline["v"], kline["q"]]
        assert [candle.taker_buy_volume, candle.taker_buy_quote_volume] == [kline["V"], kline["Q"]]
        ids = (None, None) if kline["n"] == 0 else (kline["f"], kline["L"])
        assert (candle.trades, candle.first_trade_id, candle.last_trade_id) == (kline["n"], *ids)
