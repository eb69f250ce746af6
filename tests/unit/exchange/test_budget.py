from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.interval import MINUTE
from cryptostream.core.result import Err, Ok
from cryptostream.exchange.budget import Budget, Lane, banned, counted, held, rolled, spend

NOW = 1_740_000_000_000 // MINUTE * MINUTE + 23_000
NEXT_MINUTE = NOW // MINUTE * MINUTE + MINUTE


def at(used: int = 0, own: int = 0) -> Budget:
    return Budget(minute=NOW // MINUTE, used=used, own=own)


def refusal(budget: Budget, lane: Lane, weight: int = 2) -> tuple[str, int | None]:
    spent = spend(budget, lane, weight, NOW)
    assert isinstance(spent, Err)
    return spent.error.fault, spent.error.retry_at


def test_history_stops_at_60_percent_and_live_at_90() -> None:
    assert isinstance(spend(at(used=3598), "history", 2, NOW), Ok)
    assert refusal(at(used=3599), "history") == ("rate_limited", NEXT_MINUTE)
    assert isinstance(spend(at(used=5398), "live", 2, NOW), Ok)
    assert refusal(at(used=5399), "live") == ("rate_limited", NEXT_MINUTE)


def test_our_share_is_80_percent() -> None:
    assert isinstance(spend(at(own=4798), "live", 2, NOW), Ok)
    assert refusal(at(own=4799), "live") == ("rate_limited", NEXT_MINUTE)


def test_a_new_minute_starts_from_nothing_and_a_corrected_clock_too() -> None:
    assert rolled(at(5000, 4000), NEXT_MINUTE) == Budget(minute=NEXT_MINUTE // MINUTE)
    assert rolled(at(5000, 4000), NOW - 60 * MINUTE).used == 0


def test_what_is_spent_counts_at_once() -> None:
    assert spend(at(10, 4), "live", 20, NOW) == Ok(at(30, 24))


def test_the_exchange_counts_others_too_but_not_what_is_under_way() -> None:
    assert counted(at(used=30), 500, NOW).used == 500
    assert counted(at(used=30), 28, NOW).used == 30
    assert counted(at(used=30), 5000, NOW - MINUTE).used == 30


def test_retry_after_is_a_floor_for_every_lane() -> None:
    waiting = held(at(), 90, NOW)
    assert refusal(waiting, "live") == refusal(waiting, "history") == ("rate_limited", NOW + 90_000)
    assert held(waiting, 5, NOW) == waiting
    assert held(at(), None, NOW).held_until == NEXT_MINUTE
    assert isinstance(spend(waiting, "live", 2, NOW + 90_000), Ok)


def test_a_ban_comes_before_all_else() -> None:
    budget = banned(held(at(used=6000), 10, NOW), NOW + 500_000)
    assert refusal(budget, "live") == ("banned", NOW + 500_000)
    assert banned(budget, NOW + 1) == budget
    assert isinstance(spend(budget, "live", 2, NOW + 500_000), Ok)


@given(
    calls=st.lists(
        st.tuples(st.sampled_from(["live", "history"]), st.integers(1, 60), st.integers(0, 5_000)), max_size=200
    ),
    others=st.integers(0, 3000),
)
def test_never_more_than_allowed_in_any_minute(calls: list[tuple[Lane, int, int]], others: int) -> None:
    budget, now = Budget(limit=600), NOW
    spent: dict[int, int] = {}
    for lane, weight, later in calls:
        now += later
        budget = counted(budget, others, now)
        match spend(budget, lane, weight, now):
            case Ok(after):
                budget = after
                spent[now // MINUTE] = spent.get(now // MINUTE, 0) + weight
                assert after.used <= (540 if lane == "live" else 360)
            case Err(error):
                assert error.fault == "rate_limited"
                assert error.retry_at == (now // MINUTE + 1) * MINUTE
                fresh = spend(budget, lane, weight, error.retry_at)
                assert isinstance(fresh, Ok)
    assert all(weight <= 480 for weight in spent.values())
