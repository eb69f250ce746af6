"""The judge reads the ledger: what the exchange does not have is named once, with the right cause."""

import json
from typing import Any

import pytest

from tests.judge.grid import MINUTE
from tests.judge.ledger import Ledger, judge_gaps
from tests.judge.record import Message
from tests.unit.judge.support import BTC, START, STREAM

OPENS = [START + each * MINUTE for each in (0, 1, 4, 5)]
SPAN = (START, START + 6 * MINUTE)
OUTAGE = {"from": OPENS[1] + MINUTE, "to": OPENS[2] - MINUTE, "candles": 2}


def entry(**changes: Any) -> Message:
    gap = {
        "schema": 1,
        "from": START,
        "to": START,
        "candles": 1,
        "cause": "exchange_outage",
        "state": "closed",
        "detected_at": 1,
        "resolved_at": 2,
        "evidence": "rest",
        "proof": "rest",
    } | changes
    key = f"g|BTCUSDC|1m|{gap['from']}".encode()
    return Message(STREAM.ledger_topic, 0, 0, 1, key, json.dumps(gap).encode(), ())


def judged(*entries: Message) -> list[str]:
    ledger = Ledger(STREAM)
    ledger.read(entries)
    assert ledger.findings.clean, ledger.findings
    return list(judge_gaps(BTC, SPAN, OPENS, ledger.of(BTC)))


def test_a_gap_that_is_named_once_is_right() -> None:
    assert judged(entry(**OUTAGE)) == []
    repaired = entry(**{"from": START, "to": START + MINUTE, "candles": 2, "cause": "pending"})
    assert judged(entry(**OUTAGE), repaired) == []


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "absent at the exchange, and 0 gaps say so"),
        ([entry(**OUTAGE), entry(**(OUTAGE | {"from": OUTAGE["to"], "candles": 1}))], "2 gaps say so"),
        ([entry(**(OUTAGE | {"cause": "before_listing"}))], "absent because of exchange_outage"),
        ([entry(**(OUTAGE | {"cause": "pending"}))], "0 gaps say so"),
        ([entry(**(OUTAGE | {"state": "open"}))], "is left open"),
        ([entry(**(OUTAGE | {"to": OPENS[2], "candles": 3}))], "which the exchange has"),
        ([entry(**(OUTAGE | {"candles": 3}))], "says 3 candles"),
    ],
)
def test_a_wrong_gap_is_named(entries: list[Message], words: str) -> None:
    assert any(words in fault for fault in judged(*entries)), judged(*entries)


def test_what_lies_before_the_first_candle_is_before_the_listing() -> None:
    gap = entry(**{"from": START - MINUTE, "to": START - MINUTE, "cause": "before_listing"})
    ledger = Ledger(STREAM)
    ledger.read([gap])
    assert list(judge_gaps(BTC, (START - MINUTE, START + MINUTE), OPENS, ledger.of(BTC))) == []
    assert list(judge_gaps(BTC, (START - MINUTE, START + MINUTE), OPENS, []))


def test_the_newest_state_counts_and_what_expired_is_remembered() -> None:
    ledger = Ledger(STREAM)
    ledger.read([entry(cause="expired", state="open"), entry(cause="pending")])
    assert [gap.cause for gap in ledger.of(BTC)] == ["pending"]
    assert ledger.expired(BTC, START)
    assert not ledger.expired(BTC, START + MINUTE)


def test_what_is_no_entry_is_named() -> None:
    ledger = Ledger(STREAM)
    strange = entry()._replace(key=b"x|BTCUSDC|1m")
    forgotten = entry()._replace(value=None)
    ledger.read([strange, forgotten, entry(cause="weather")])
    assert ledger.findings.counts["wrong"] == 3
