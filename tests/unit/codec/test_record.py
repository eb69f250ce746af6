import json

import pytest
from msgspec.structs import replace

from cryptostream.core.codec.record import (
    alerts_topic,
    dead_letter_topic,
    decode,
    encode,
    headers,
    ledger_topic,
    record_of,
    topic,
    topic_resource_name,
)
from tests.unit.codec.examples import CANDLE, RECORD, SYMBOL, err, ok

WRITTEN = """
{"schema": 1, "exchange": "binance", "symbol": "BTCUSDC", "coin": "BTC", "quote": "USDC", "interval": "1m",
 "open_time": 1761711720000, "close_time": 1761711779999,
 "open": "112890.01", "high": "112900.00", "low": "112870.50000000", "close": "112888.88",
 "volume": "1.23400000", "quote_volume": "139298.12", "trades": 412,
 "taker_buy_volume": "0.61", "taker_buy_quote_volume": "68871.3",
 "first_trade_id": 4711, "last_trade_id": 5122,
 "lane": "live", "revision": 0, "source": "websocket", "exchange_time": 1761711780004,
 "published_at": 1761711780012345, "simulated": false}
"""


def test_a_record_is_written_field_for_field_in_order() -> None:
    written = json.loads(encode(RECORD))
    assert list(written.items()) == list(json.loads(WRITTEN).items())


def test_a_record_is_read() -> None:
    assert ok(decode(WRITTEN.encode())) == RECORD


def test_a_record_says_how_its_candle_came_to_be_published() -> None:
    made = record_of(CANDLE, symbol=SYMBOL, lane="live", revision=0, published_at=1761711780012345, simulated=False)
    assert made == RECORD
    restated = record_of(CANDLE, symbol=SYMBOL, lane="repair", revision=2, published_at=1, simulated=True)
    assert restated == replace(RECORD, lane="repair", revision=2, published_at=1, simulated=True)


def test_what_a_source_does_not_state_is_null() -> None:
    bare = replace(
        RECORD, quote_volume=None, trades=None, taker_buy_volume=None, first_trade_id=None, last_trade_id=None
    )
    assert json.loads(encode(bare))["trades"] is None
    assert ok(decode(encode(bare))) == bare


def changed(**changes: object) -> bytes:
    return json.dumps(json.loads(WRITTEN) | changes).encode()


def test_fields_added_to_the_schema_are_passed_over() -> None:
    assert ok(decode(changed(checksum="ab", nested={"deep": [1, {}]}))) == RECORD


@pytest.mark.parametrize("value", [changed(schema=2), changed(schema=2, open=1.5), b'{"schema":3}'])
def test_a_newer_schema_is_named_whatever_its_shape(value: bytes) -> None:
    rejected = err(decode(value))
    assert rejected.reason == "newer_schema"
    assert "this version reads up to 1" in rejected.detail


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"{", b"null", b"[]", b"7", b"{}", b"\xff", b'"\xff"', b'{"a":' + b"[" * 100_000),
        *(changed(schema=0), changed(schema="1"), changed(schema=None)),
        *(changed(open=1.5), changed(open=None), changed(open_time="1"), changed(open_time=None)),
        *(changed(open_time=2**63), changed(trades=-(2**63) - 1), changed(published_at=10**30)),
        *(changed(lane="slow"), changed(source="hearsay"), changed(simulated=0), changed(revision=0.5)),
        WRITTEN.replace('"coin": "BTC",', "").encode(),
    ],
)
def test_what_is_no_record_is_malformed(value: bytes) -> None:
    assert err(decode(value)).reason == "malformed"


def test_the_field_at_fault_is_named() -> None:
    assert "$.open_time" in err(decode(changed(open_time="1"))).detail
    assert "`coin`" in err(decode(WRITTEN.replace('"coin": "BTC",', "").encode())).detail


def test_headers_say_schema_and_lane() -> None:
    assert headers(RECORD) == (("schema", b"1"), ("lane", b"live"))


def test_topics_of_a_stream() -> None:
    assert topic("market.majors", "1m") == "market.majors.prices-1m"
    assert topic("market.majors", "1M") == "market.majors.prices-1M"
    assert dead_letter_topic("market.majors") == "market.majors.dead-letter"
    assert alerts_topic("market.majors") == "market.majors.alerts"
    assert ledger_topic("market.majors") == "market.majors.ledger"


def test_resources_of_topics_have_names_that_kubernetes_allows() -> None:
    assert topic_resource_name(topic("market.majors", "1M")) == "market.majors.prices-1mo"
    assert topic_resource_name(topic("market.majors", "1m")) == "market.majors.prices-1m"
    assert topic_resource_name(ledger_topic("market.majors")) == "market.majors.ledger"
