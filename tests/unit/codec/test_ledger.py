import json

import pytest
from msgspec.structs import replace

from cryptostream.core.codec.ledger import decode, encode, key
from cryptostream.core.market.gap import BY_CONSUMER, Gap
from cryptostream.core.market.progress import Front, Progress
from tests.unit.codec.examples import SERIES, err, ok

PROGRESS = Progress(
    series=SERIES,
    start=1679600000000,
    next_open=1761711780000,
    last_trade_id=5122,
    published=4321,
    duplicates_dropped=7,
    topic_offset=(3, 99),
    generation=3,
    at=1761711780012345,
    fronts=(Front(1679661600000, 1679670000000, 1679666400000, ((1679661600000, 1679666340000),)),),
)
GAP = Gap(
    series=SERIES,
    start=1679661600000,
    end=1679666340000,
    candles=80,
    cause="exchange_outage",
    state="closed",
    detected_at=1679661663000,
    resolved_at=1679666460001,
    evidence="rest",
    proof="trade_ids",
)


def test_progress_stands_under_its_series() -> None:
    assert key(PROGRESS) == b"p|BTCUSDC|1m"
    assert json.loads(encode(PROGRESS)) == {
        "schema": 1,
        "start": 1679600000000,
        "next_open": 1761711780000,
        "last_trade_id": 5122,
        "published": 4321,
        "duplicates_dropped": 7,
        "topic_offset": [3, 99],
        "generation": 3,
        "at": 1761711780012345,
        "fronts": [
            {
                "start": 1679661600000,
                "end": 1679670000000,
                "front": 1679666400000,
                "absent": [[1679661600000, 1679666340000]],
            },
        ],
    }


def test_a_gap_that_a_consumer_names_stands_under_a_key_of_its_own() -> None:
    """It may begin where a gap of the producer's begins, and must not take its place."""
    named = replace(GAP, cause="expired", state="open", evidence=BY_CONSUMER)
    assert key(named) == b"e|BTCUSDC|1m|1679661600000"
    assert ok(decode(key(named), encode(named))) == named


def test_a_gap_stands_under_its_series_and_start_with_the_moments_in_microseconds() -> None:
    assert key(GAP) == b"g|BTCUSDC|1m|1679661600000"
    assert json.loads(encode(GAP)) == {
        "schema": 1,
        "from": 1679661600000,
        "to": 1679666340000,
        "candles": 80,
        "cause": "exchange_outage",
        "state": "closed",
        "detected_at": 1679661663000000,
        "resolved_at": 1679666460001000,
        "evidence": "rest",
        "proof": "trade_ids",
    }


@pytest.mark.parametrize(
    "entry",
    [
        PROGRESS,
        replace(PROGRESS, last_trade_id=None, topic_offset=None),
        GAP,
        replace(GAP, cause="pending", state="open", resolved_at=None, evidence=None, proof="none"),
    ],
)
def test_entries_come_back(entry: Gap | Progress) -> None:
    assert ok(decode(key(entry), encode(entry))) == entry


def test_fields_added_to_the_schema_are_passed_over() -> None:
    later = encode(GAP)[:-1] + b',"note":"x"}'
    assert ok(decode(key(GAP), later)) == GAP


@pytest.mark.parametrize("entry", [PROGRESS, GAP])
def test_a_newer_schema_is_named(entry: Gap | Progress) -> None:
    newer = encode(entry).replace(b'"schema":1', b'"schema":2')
    assert err(decode(key(entry), newer)).reason == "newer_schema"


@pytest.mark.parametrize(
    "place",
    [
        *(b"", b"p", b"p|BTCUSDC", b"p|BTCUSDC|7m", b"p|BTCUSDC|1m|1", b"g|BTCUSDC|1m", b"g|BTCUSDC|1m|1|2"),
        *(b"x|BTCUSDC|1m", b"\xff|BTCUSDC|1m", b"g|BTCUSDC|1m|1"),
    ],
)
def test_a_key_that_is_none_or_not_that_of_the_gap_is_malformed(place: bytes) -> None:
    assert err(decode(place, encode(GAP))).reason == "malformed"


@pytest.mark.parametrize(
    "value", [b"", b"{}", encode(PROGRESS), encode(GAP).replace(b"exchange_outage", b"bad_luck"), encode(GAP)[:-1]]
)
def test_a_value_that_is_no_gap_is_malformed(value: bytes) -> None:
    assert err(decode(key(GAP), value)).reason == "malformed"
