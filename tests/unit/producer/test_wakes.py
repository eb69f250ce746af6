from hypothesis import given
from hypothesis import strategies as st

from cryptostream.producer.wakes import Wakes

settings = st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 20))), max_size=30)


@given(settings, st.integers(0, 20))
def test_the_newest_time_of_each_key_counts(given_times: list[tuple[str, int | None]], now: int) -> None:
    wakes: Wakes[str] = Wakes()
    for key, at in given_times:
        wakes.set(key, at)
    newest = {key: at for key, at in dict(given_times).items() if at is not None}
    assert wakes.next() == min(newest.values(), default=None)
    assert sorted(wakes.due(now)) == sorted(key for key, at in newest.items() if at <= now)
    assert wakes.due(now) == ()
    assert wakes.next() == min((at for at in newest.values() if at > now), default=None)


def test_outdated_times_do_not_pile_up() -> None:
    wakes: Wakes[str] = Wakes()
    for turn in range(10_000):
        wakes.set("a", 1_000_000 - turn)
    assert len(wakes._heap) < 100
    assert wakes.next() == 1_000_000 - 9_999
