"""The judge reads topics: nothing to say of right ones, and each wrong one is named."""

from typing import Any

import pytest

from tests.judge.findings import Kind
from tests.judge.grid import MINUTE
from tests.unit.judge.support import BTC, START, message, messages, row, rows, topics_of, truth_of


def test_right_records_are_left_in_peace() -> None:
    topics = topics_of(truth_of(rows(5)), messages(rows(5)))
    assert topics.findings.clean, topics.findings
    assert topics.records == 5
    assert sorted(topics.newest[BTC]) == [each["open_time"] for each in rows(5)]


def test_a_candle_written_twice_is_duplicated() -> None:
    topics = topics_of(truth_of(rows(2)), [*messages(rows(2)), message(rows(2)[1], 2)])
    assert topics.findings.counts["duplicated"] == 1


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"close": "101.50000001"}, "wrong", "close 101.50000001 is 101.50000000 at the exchange"),
        ({"close": "101.5"}, "wrong", "close 101.5 is 101.50000000"),
        ({"trades": 6}, "wrong", "trades 6 is 5"),
        ({"last_trade_id": 6}, "wrong", "trade ids (1, 6), not (1, 5)"),
        ({"source": "rest"}, "wrong", "cannot come from rest"),
        ({"open_time": START + 30_000}, "wrong", "not on the grid"),
        ({"coin": "XBT"}, "wrong", "coin is 'XBT'"),
        ({"simulated": False}, "wrong", "simulated is False"),
        ({"simulated": 1}, "wrong", "of another type"),
        ({"exchange_time": START}, "wrong", "before the candle closed"),
        ({"note": "x"}, "wrong", "unknown ['note']"),
        ({"symbol": "LTCUSDC"}, "wrong", "LTCUSDC 1m does not belong there"),
        ({"revision": 1}, "lost", "revision 1 comes where 0 is due"),
    ],
)
def test_a_wrong_record_is_named(changes: dict[str, Any], kind: Kind, words: str) -> None:
    topics = topics_of(truth_of(rows(1)), [message(rows(1)[0], **changes)])
    assert any(words in told for told in topics.findings.told[kind]), topics.findings


def test_an_invented_candle_is_named() -> None:
    topics = topics_of(truth_of(rows(1)), messages(rows(2)))
    assert "the exchange has no such candle" in str(topics.findings)


def test_wrong_key_partition_and_headers_are_named() -> None:
    right = messages(rows(3))
    wrong = [
        right[0]._replace(key=b"ETHUSDC"),
        right[1]._replace(partition=right[1].partition ^ 1),
        right[2]._replace(headers=()),
    ]
    topics = topics_of(truth_of(rows(3)), wrong)
    assert topics.findings.counts == {"lost": 0, "duplicated": 0, "wrong": 3}


def test_going_back_is_wrong_within_a_session_and_allowed_once_after_a_start() -> None:
    told = rows(3)
    back = [message(told[0], 0), message(told[2], 1), message(told[1], 2, timestamp=20)]
    assert "live goes back" in str(topics_of(truth_of(told), back).findings)
    assert topics_of(truth_of(told), back, starts=[5, 15]).findings.clean
    again = [message(told[2], 0), message(told[1], 1, timestamp=20), message(told[0], 2, timestamp=20)]
    assert topics_of(truth_of(told), again, starts=[5, 15]).findings.counts["wrong"] == 1


def test_another_lane_may_be_elsewhere() -> None:
    told = rows(2)
    records = [message(told[1], 0), message(told[0], 1, lane="repair")]
    assert topics_of(truth_of(told), records).findings.clean


def test_a_restatement_is_a_new_revision_with_the_new_figures() -> None:
    truth = truth_of(rows(1))
    restated = row(START, volume="5.00000000")
    truth.note(BTC, [restated], START + 9 * MINUTE)
    first, second = message(rows(1)[0], 0), message(restated, 1, revision=1, source="rest", lane="repair")
    second = message(
        {**restated, "first_trade_id": None, "last_trade_id": None}, 1, revision=1, source="rest", lane="repair"
    )
    topics = topics_of(truth, [first, second])
    assert topics.findings.clean, topics.findings
    assert topics.newest[BTC][START].version == 1
    assert truth.restated_at(BTC, START) == START + 9 * MINUTE


def test_a_revision_that_changes_nothing_or_goes_back_is_wrong() -> None:
    truth = truth_of(rows(1))
    restated = row(START, volume="5.00000000")
    same = [message(rows(1)[0], 0), message(rows(1)[0], 1, revision=1)]
    assert "changes nothing" in str(topics_of(truth, same).findings)
    truth.note(BTC, [restated], START)
    back = [message(restated, 0), message(rows(1)[0], 1, revision=1)]
    assert topics_of(truth, back).findings.counts["wrong"] == 1


def test_what_expired_may_come_once_more() -> None:
    topics = topics_of(truth_of(rows(1)), messages(rows(1)))
    topics.read([message(rows(1)[0], 1, lane="history")], lambda *_: True, lambda *_: False)
    assert topics.findings.clean
    assert len(topics.again[BTC, START]) == 1
