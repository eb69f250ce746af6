"""Weights, refusals and bans, by a clock that is an argument."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cryptostream.simulator.grid import DAY, MINUTE
from cryptostream.simulator.limits import Limits, Usage, Verdict, attempt, charge

LIMITS = Limits(weight_per_minute=10, patience=2, attempts_per_5_minutes=3)


def spend(usage: Usage, *asked: tuple[int, int]) -> tuple[Usage, list[Verdict]]:
    verdicts = []
    for now, weight in asked:
        usage, verdict = charge(usage, LIMITS, now, weight)
        verdicts.append(verdict)
    return usage, verdicts


def test_windows_are_minutes_of_the_clock() -> None:
    usage, verdicts = spend(Usage(), (59_000, 10), (60_000, 10), (119_999, 1))
    assert [verdict.status for verdict in verdicts] == [200, 200, 429]
    assert verdicts[-1].until == 120_000
    assert spend(usage, (120_000, 1))[1][0].status == 200


def test_who_goes_on_after_429_is_banned_and_longer_each_time() -> None:
    usage, now, lengths = Usage(), 0, []
    for _ in range(8):
        usage, verdicts = spend(usage, *[(now, 10)] * 4)
        assert [verdict.status for verdict in verdicts] == [200, 429, 429, 418]
        lengths.append(verdicts[-1].until - now)
        assert spend(usage, (verdicts[-1].until - 1, 1))[1][0] == verdicts[-1]
        now = (verdicts[-1].until // MINUTE + 1) * MINUTE
    assert lengths[0] == 2 * MINUTE
    assert all(one < other or other == 3 * DAY for one, other in pairwise(lengths))
    assert lengths[-1] == 3 * DAY


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 12)), max_size=60))
def test_no_minute_serves_more_than_the_limit(steps: list[tuple[int, int]]) -> None:
    usage, now, served = Usage(), 0, dict[int, int]()
    for wait, weight in steps:
        now += wait
        usage, verdict = charge(usage, LIMITS, now, weight)
        if verdict.status == 200:
            served[now // MINUTE] = served.get(now // MINUTE, 0) + weight
        else:
            assert verdict.until > now
    assert all(weight <= LIMITS.weight_per_minute for weight in served.values())


def test_attempts_to_connect_are_counted_over_five_minutes() -> None:
    usage, excesses = Usage(), []
    for now in (0, 1, 2, 3, 5 * MINUTE):
        usage, excess = attempt(usage, LIMITS, now)
        excesses.append(excess)
    assert excesses == [False, False, False, True, False]
