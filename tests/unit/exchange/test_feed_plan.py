"""What the live feed decides, without a network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.interval import HOUR, INTERVALS, MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.exchange.feed_plan import (
    ATTEMPTS,
    CHUNK,
    Attempts,
    Heard,
    assign,
    attempt_at,
    attempted,
    delay,
    held,
    patience,
    requests,
    silent,
    stream_name,
    stream_url,
    takeover,
)

NOW: Millis = 1_750_000_000_000
FIVE_MINUTES = 5 * MINUTE
A, B = Series("BTCUSDC", "1s"), Series("ETHUSDC", "1m")

series = st.builds(
    Series, st.sampled_from(["BTCUSDC", "ETHUSDC", "SOLUSDC", "币安人生USDT"]), st.sampled_from([*INTERVALS])
)
sets = st.frozensets(series, max_size=40)


def many(number: int) -> frozenset[Series]:
    return frozenset(Series(f"COIN{each}USDC", "1m") for each in range(number))


def test_names_are_lower_case_but_for_the_interval() -> None:
    assert stream_name(Series("BTCUSDC", "1M")) == "btcusdc@kline_1M"


def test_an_address_names_its_streams_and_escapes_what_is_not_ascii() -> None:
    assert stream_url("wss://host:9443/", [A, B]) == "wss://host:9443/stream?streams=btcusdc@kline_1s/ethusdc@kline_1m"
    assert stream_url("wss://host", [Series("币USDT", "1m")]).endswith("streams=%E5%B8%81usdt@kline_1m")


@given(st.lists(sets, max_size=6), st.integers(1, 12))
def test_series_are_spread_once_and_keep_their_connection(history: list[frozenset[Series]], most: int) -> None:
    groups: tuple[frozenset[Series], ...] = ()
    for wanted in history:
        before, groups = groups, assign(groups, wanted, most)
        assert frozenset().union(*groups) == wanted
        assert sum(map(len, groups)) == len(wanted), "none rides twice"
        assert all(len(group) <= most for group in groups)
        assert all(old & wanted <= new for old, new in zip(before, groups, strict=False))


def test_no_more_connections_than_needed() -> None:
    assert [len(group) for group in assign((), many(2500), 1000)] == [1000, 1000, 500]


@given(sets, sets, sets)
def test_requests_lead_from_what_is_carried_to_what_is_wanted(
    carried: frozenset[Series], wanted: frozenset[Series], again: frozenset[Series]
) -> None:
    asked = requests(carried, wanted, again)
    now = set(carried)
    named: set[Series] = set()
    for method, some in asked:
        assert 0 < len(some) <= CHUNK
        named |= set(some)
        if method == "UNSUBSCRIBE":
            assert now.issuperset(some)
            now -= set(some)
        else:
            assert not now.intersection(some)
            now |= set(some)
    assert now == wanted
    assert named == (carried ^ wanted) | (again & (carried | wanted)), "the others are not disturbed"


def test_no_message_names_more_than_fit() -> None:
    asked = requests(frozenset(), many(450), frozenset())
    assert [(method, len(some)) for method, some in asked] == [
        ("SUBSCRIBE", 200),
        ("SUBSCRIBE", 200),
        ("SUBSCRIBE", 50),
    ]


def test_delays_double_up_to_half_a_minute() -> None:
    assert [delay(failures, 0.0) for failures in (0, 1, 2, 3, 7, 100)] == [0, 250, 500, 1000, 15_000, 15_000]
    assert delay(100, 0.999_999) < 30 * SECOND


@given(st.lists(st.integers(0, 3 * SECOND), min_size=ATTEMPTS, max_size=2 * ATTEMPTS))
def test_attempts_keep_within_any_five_minutes(pauses: list[int]) -> None:
    attempts, now = Attempts(), NOW
    made: list[Millis] = []
    for pause in pauses:
        now = max(now + pause, attempt_at(attempts, now + pause))
        attempts = attempted(attempts, now)
        made.append(now)
    assert all(later - earlier >= FIVE_MINUTES for earlier, later in zip(made, made[ATTEMPTS:], strict=False))


def test_nothing_is_attempted_before_the_exchange_allows_it() -> None:
    waiting = held(held(Attempts(), NOW + 60_000), NOW + 1)
    assert attempt_at(waiting, NOW) == NOW + 60_000
    assert attempt_at(attempted(waiting, NOW), NOW) == NOW + 60_000
    assert attempt_at(waiting, NOW + 70_000) <= NOW + 70_000


def test_patience_is_a_candle_longer_and_doubles_in_vain() -> None:
    assert patience("1s", 60_000, 0) == 61_000
    assert patience("1m", 60_000, 1) == 240_000
    assert patience("1d", 60_000, 0) == HOUR + 60_000
    assert patience("1s", 60_000, 100) == patience("1s", 60_000, 6)


def test_silence_is_measured_against_what_else_is_heard() -> None:
    heard = {A: Heard(NOW), B: Heard(NOW + 61_000), Series("SOLUSDC", "1s"): Heard(None)}
    assert silent(heard, 60_000, NOW + 60_999) == frozenset()
    assert silent(heard, 60_000, NOW + 61_000) == {A}


@pytest.mark.parametrize(
    ("old", "fresh", "complete", "elapsed", "verdict"),
    [
        (None, set(), False, 0, "take"),
        ({A}, {A}, True, 2999, "wait"),
        ({A}, {A}, True, 3000, "take"),
        ({A}, {A}, False, 3000, "wait"),
        ({A, B}, {A}, True, 3000, "wait"),
        ({A, B}, {A}, True, 20_000, "take"),
        ({A}, {A, B}, True, 3000, "take"),
        (set(), set(), True, 3000, "wait"),
        (set(), set(), True, 20_000, "take"),
        ({A}, set(), True, 20_000, "refuse"),
    ],
)
def test_the_new_connection_takes_over_when_it_carries_what_the_old_one_did(
    old: set[Series] | None, fresh: set[Series], complete: bool, elapsed: Millis, verdict: str
) -> None:
    assert takeover(old, fresh, complete=complete, elapsed=elapsed) == verdict
