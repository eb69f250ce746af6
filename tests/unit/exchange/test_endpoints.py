from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.interval import MINUTE, SECOND
from cryptostream.core.result import Err, Ok
from cryptostream.exchange.endpoints import blocked, choose, endpoints, failed, worked

NOW = 1_740_000_000_000
THREE = endpoints(["https://a/", "https://b", "https://c"])


def test_in_order_and_on_to_the_next_within_a_call() -> None:
    assert choose(THREE, (), NOW) == Ok("https://a")
    assert choose(THREE, ("https://a",), NOW) == Ok("https://b")


def test_one_that_failed_is_left_alone_and_tried_again_later() -> None:
    down = failed(THREE, "https://a", "refused", NOW)
    assert choose(down, (), NOW) == Ok("https://b")
    assert choose(down, (), NOW + 5 * SECOND) == Ok("https://a")
    again = failed(down, "https://a", "refused", NOW + 5 * SECOND)
    assert choose(again, (), NOW + 10 * SECOND) == Ok("https://b")
    assert choose(worked(again, "https://a"), (), NOW + 10 * SECOND) == Ok("https://a")


def test_a_single_5xx_is_borne_a_second_one_is_not() -> None:
    once = failed(THREE, "https://a", "HTTP 503", NOW, patience=1)
    assert choose(once, (), NOW) == Ok("https://a")
    assert choose(failed(once, "https://a", "HTTP 503", NOW, patience=1), (), NOW) == Ok("https://b")


def test_blocked_only_if_all_are() -> None:
    known = blocked(THREE, "https://a", "HTTP 451", NOW)
    known = blocked(known, "https://b", "HTTP 403", NOW)
    down = failed(known, "https://c", "refused", NOW)
    assert choose(down, (), NOW) == Ok("https://c")  # it may be back, the others are not
    no_more = choose(down, ("https://c",), NOW)
    assert isinstance(no_more, Err)
    assert no_more.error.fault == "unavailable"
    all_blocked = choose(blocked(known, "https://c", "HTTP 451", NOW + 1), (), NOW + 1)
    assert isinstance(all_blocked, Err)
    assert (all_blocked.error.fault, all_blocked.error.retry_at) == ("blocked", NOW + 15 * SECOND)
    assert all(why in all_blocked.error.detail for why in ("https://a: HTTP 451", "https://b: HTTP 403"))


def test_if_all_fail_the_one_that_is_due_first_is_asked() -> None:
    known = endpoints(["https://a", "https://b"])
    known = failed(failed(known, "https://a", "x", NOW), "https://a", "x", NOW)
    known = failed(known, "https://b", "x", NOW)
    assert choose(known, (), NOW) == Ok("https://b")


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["failed", "blocked", "worked"]), st.integers(0, MINUTE))))
def test_none_is_left_alone_for_good(events: list[tuple[int, str, int]]) -> None:
    known, now = THREE, NOW
    for number, event, later in events:
        now += later
        url = THREE[number].url
        match event:
            case "failed":
                known = failed(known, url, "down", now)
            case "blocked":
                known = blocked(known, url, "HTTP 451", now)
            case _:
                known = worked(known, url)
    assert choose(known, (), now + 10 * MINUTE) == Ok("https://a")
    chosen = choose(known, (), now)
    assert isinstance(chosen, Ok) or all(each.blocked and each.resting_until > now for each in known)
