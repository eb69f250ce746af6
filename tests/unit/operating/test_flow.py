from typing import Any

import pytest

from cryptostream.core.codec.status import ExchangeStatus, PartitionStatus, SeriesStatus, Status, status_of
from cryptostream.core.market.interval import MINUTE
from cryptostream.core.market.series import Series
from cryptostream.core.resource.spec import Fault, Objectives
from cryptostream_operator.reconcile import conditions
from cryptostream_operator.reconcile.conditions import Pods
from cryptostream_operator.reconcile.flow import Flow, completeness, due_open, flow_of
from cryptostream_operator.reconcile.values import Condition

BTC, ETH = Series("BTCUSDC", "1m"), Series("ETHUSDC", "1m")
NOW = 1_761_711_780_000 + 30_000
LAST = NOW - 30_000 - MINUTE
"""Open time of the last closed candle, half a minute ago."""


def producer(*series: SeriesStatus, generation: int = 3, **exchange: Any) -> Status:
    return status_of(
        role="producer",
        stream="market.sample",
        generation=generation,
        observed_at=NOW * 1000,
        series=series,
        exchange=ExchangeStatus(**exchange),
    )


def consumer(*series: SeriesStatus, lag: int = 0) -> Status:
    return status_of(
        role="consumer",
        stream="market.sample",
        generation=3,
        observed_at=NOW * 1000,
        series=series,
        partitions=[PartitionStatus("prices-1m", 0, lag)],
    )


def published(series: Series, *, expected: int = 100, market: str = "TRADING", **gaps: int) -> SeriesStatus:
    given: Any = gaps
    return SeriesStatus(
        symbol=series.symbol, interval=series.interval, next_open=NOW, expected=expected, gaps=given, market=market
    )


def stored(series: Series, newest: int | None = LAST) -> SeriesStatus:
    return SeriesStatus(symbol=series.symbol, interval=series.interval, newest_open=newest)


def flow(*documents: Status) -> Flow:
    return flow_of((BTC, ETH), Objectives(), documents, NOW)


HEALTHY = flow(producer(published(BTC), published(ETH)), consumer(stored(BTC)), consumer(stored(ETH)))


def test_series_are_fresh_whoever_stores_them() -> None:
    assert (HEALTHY.known, HEALTHY.stale, HEALTHY.trading, HEALTHY.complete) == (True, (), 2, 2)
    assert completeness(HEALTHY) == 100
    assert conditions.fresh(HEALTHY, suspended=False).status == "True"


def test_a_series_that_lacks_its_newest_due_candle_is_stale_and_named() -> None:
    found = flow(producer(published(BTC), published(ETH)), consumer(stored(BTC), stored(ETH, LAST - MINUTE)))
    assert found.stale == (ETH,)
    told = conditions.fresh(found, suspended=False)
    assert (told.status, told.reason) == ("False", "Stale")
    assert "ETHUSDC 1m" in told.message
    assert [each.symbol for each in found.worst] == ["ETHUSDC"]


def test_a_halted_market_is_named_and_does_not_turn_it_false() -> None:
    found = flow(producer(published(BTC), published(ETH, market="BREAK")), consumer(stored(BTC)))
    assert found.stale == ()
    told = conditions.fresh(found, suspended=False)
    assert told.status == "True"
    assert "ETHUSDC BREAK" in told.message


def test_pods_that_do_not_answer_are_unknown() -> None:
    for documents in ((), (producer(published(BTC)),), (consumer(stored(BTC)),)):
        found = flow(*documents)
        assert conditions.fresh(found, suspended=False).status == "Unknown"
        assert conditions.complete(found, Objectives(), suspended=False).status == "Unknown"


def test_gaps_and_lag_and_dead_letters_are_missing_what_the_exchange_lacks_is_not() -> None:
    documents = (
        producer(published(BTC, pending=3, exchange_outage=5), published(ETH, expired=2)),
        consumer(stored(BTC), stored(ETH), lag=105),
    )
    found = flow(*documents)
    assert found.missing == 110
    assert completeness(found) == 45
    told = conditions.complete(found, Objectives(), suspended=False)
    assert (told.status, told.reason) == ("False", "CandlesMissing")
    assert "45.00 %" in told.message


def test_a_batch_on_its_way_is_not_missing_unless_a_series_is_late() -> None:
    told = producer(published(BTC), published(ETH))
    assert flow(told, consumer(stored(BTC), stored(ETH), lag=99)).missing == 0
    assert flow(told, consumer(stored(BTC), stored(ETH, LAST - MINUTE), lag=99)).missing == 99


def test_a_ban_and_the_followed_assignment_are_told() -> None:
    found = flow(producer(published(BTC), generation=7, banned_until=NOW + 1), consumer(stored(BTC)))
    assert (found.generation, found.banned_until) == (7, NOW + 1)


@pytest.mark.parametrize(("allowance", "newest"), [(7_000, LAST), (29_999, LAST), (30_001, LAST - MINUTE)])
def test_a_candle_is_due_a_while_after_its_close(allowance: int, newest: int) -> None:
    assert due_open("1m", allowance, NOW) == newest


def test_a_share_is_cut_not_rounded() -> None:
    assert conditions.percent(99.9999) == "99.99"
    assert conditions.percent(100.0) == "100.00"


def good(kind: str) -> Condition:
    return Condition(kind, "True", "Fine", "fine")


KINDS = ("Accepted", "KafkaReady", "StoreReady", "ProducersReady", "ConsumersReady", "Fresh")


def test_a_stream_is_ready_once_its_data_has_flowed_for_a_minute() -> None:
    fine = [good(kind) for kind in KINDS]
    assert conditions.ready(fine, 59, suspended=False).reason == "Settling"
    assert conditions.ready(fine, 60, suspended=False).status == "True"
    assert conditions.ready(fine, 60, suspended=True).reason == "Suspended"


@pytest.mark.parametrize("kind", KINDS)
def test_ready_says_what_stands_in_its_way(kind: str) -> None:
    bad = Condition(kind, "False", "Broken", "it is broken: mend it")
    found = [bad if each == kind else good(each) for each in KINDS]
    assert conditions.ready(found, 100, suspended=False) == Condition(
        "Ready", "False", "Broken", "it is broken: mend it"
    )


def test_every_fault_has_path_and_remedy() -> None:
    faults = tuple(Fault(f"spec.coins[{number}]", "must be a coin", "correct it") for number in range(7))
    told = conditions.accepted(faults)
    assert told.status == "False"
    assert "spec.coins[0]: must be a coin (correct it)" in told.message
    assert "and 2 more" in told.message
    assert conditions.accepted(()).status == "True"


def test_pods_say_why_they_are_not_ready() -> None:
    told = conditions.pods("ProducersReady", "producer", Pods(1, 0, "ImagePullBackOff: no such image"), suspended=False)
    assert (told.status, told.reason) == ("False", "Failing")
    assert told.message == "0 of 1 producer pods are ready: ImagePullBackOff: no such image"
    assert conditions.pods("ProducersReady", "producer", Pods(1, 1), suspended=False).status == "True"
    assert conditions.pods("ProducersReady", "producer", Pods(0, 1), suspended=True).message.endswith("are draining.")


def test_a_condition_keeps_the_time_of_its_transition_until_its_status_changes() -> None:
    first = conditions.listed([good("Fresh")], [], 1, "2026-01-01T00:00:00Z")
    again = conditions.listed([Condition("Fresh", "True", "Other", "words")], first, 2, "2026-01-01T00:01:00Z")
    assert again[0]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert (again[0]["reason"], again[0]["observedGeneration"]) == ("Other", 2)
    turned = conditions.listed([Condition("Fresh", "False", "Stale", "late")], again, 2, "2026-01-01T00:02:00Z")
    assert turned[0]["lastTransitionTime"] == "2026-01-01T00:02:00Z"
