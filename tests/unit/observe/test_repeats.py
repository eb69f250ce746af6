"""Nothing said is lost: it passes, or it is counted and told."""

from hypothesis import given
from hypothesis import strategies as st

from cryptostream.observe.repeats import Repeats, Swallowed

messages = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3)), max_size=200)


def test_what_is_above_the_burst_is_told_when_the_window_is_over() -> None:
    repeats = Repeats[str](burst=2, window=10)
    assert [repeats.allows("a", now) for now in (0, 1, 2, 3)] == [True, True, False, False]
    assert repeats.due(9.9) == ()
    assert repeats.due(10) == (Swallowed("a", 2, 10),)
    assert repeats.allows("a", 10)


def test_keys_do_not_share_a_budget() -> None:
    repeats = Repeats[str](burst=1, window=10)
    assert repeats.allows("a", 0)
    assert repeats.allows("b", 0)


def test_a_clock_set_back_opens_the_window_anew() -> None:
    repeats = Repeats[str](burst=1, window=10)
    assert repeats.allows("a", 100)
    assert repeats.due(50) == ()
    assert repeats.allows("a", 50)


def test_above_the_bound_of_keys_all_pass() -> None:
    repeats = Repeats[int](burst=1, window=10, most_keys=3)
    assert all(repeats.allows(key, 0) for key in range(10))
    assert not repeats.allows(2, 0)
    assert repeats.allows(9, 0)


@given(messages)
def test_said_and_told_add_up(messages: list[tuple[str, float]]) -> None:
    repeats = Repeats[str](burst=3, window=5)
    now, said, told = 0.0, 0, 0
    for key, pause in messages:
        now += pause
        told += sum(swallowed.count for swallowed in repeats.due(now))
        said += repeats.allows(key, now)
    told += sum(swallowed.count for swallowed in repeats.rest(now))
    assert said + told == len(messages)
    assert repeats.rest(now) == ()
