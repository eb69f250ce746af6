"""Which partitions a reader holds, also over any course of events."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from cryptostream.core.ports import Place, Turnover
from cryptostream.log.kafka_holdings import (
    NOTHING,
    Bounds,
    Hold,
    Holdings,
    Mark,
    assigned,
    begun,
    given,
    lost,
    made_anew,
    revoked,
    told,
    unreadable,
)
from tests.unit.log.test_reader_records import session

A, B = ("t", 0), ("t", 1)
IDS = {"t": "id"}


def begin(holdings: Holdings, marks: Mapping[Place, Mark], bounds: Bounds, topic_id: str = "id") -> Holdings:
    return begun(holdings, marks, dict.fromkeys(holdings.unbegun, bounds), {"t": topic_id})[0]


def reading(*places: Place, at: int = 0, end: int = 100) -> Holdings:
    """A reader of generation 1 that holds these places and was told so."""
    holdings = assigned(NOTHING, places, session(1))
    return told(begin(holdings, {place: Mark(at, None, "id") for place in places}, Bounds(0, end)))


def test_a_new_group_begins_at_the_first_record_and_commits_that() -> None:
    holdings, first = begun(assigned(NOTHING, [A], session(1)), {}, {A: Bounds(0, 9)}, IDS)
    assert holdings.held == {A: Hold(0, Mark(0, None, "id"))}
    assert first == {A: Mark(0, None, "id")}
    assert holdings.turnover == Turnover(gained=frozenset({A}))


def test_an_old_group_begins_where_it_ended() -> None:
    mark = Mark(5, None, "id")
    holdings, first = begun(assigned(NOTHING, [A], session(1)), {A: mark}, {A: Bounds(3, 9)}, IDS)
    assert (holdings.held, first) == ({A: Hold(5, mark)}, {})
    assert holdings.turnover.expired == {}


@pytest.mark.parametrize(
    ("mark", "bounds"),
    [
        (Mark(5, None, "id"), Bounds(6, 9)),
        (Mark(5, None, "id"), Bounds(0, 4)),
        (Mark(5, None, "other"), Bounds(0, 9)),
        (None, Bounds(1, 9)),
    ],
    ids=["deleted", "beyond the end", "another topic", "new group, old log"],
)
def test_what_may_have_been_deleted_has_expired(mark: Mark | None, bounds: Bounds) -> None:
    holdings, first = begun(assigned(NOTHING, [A], session(1)), {A: mark}, {A: bounds}, IDS)
    expected = Mark(bounds.low, bounds.end, "id")
    assert holdings.held == {A: Hold(bounds.low, expected)}
    assert first == {A: expected}
    assert holdings.turnover.expired == {A: bounds.end}


def test_what_has_expired_is_told_to_each_owner() -> None:
    holdings = begin(assigned(NOTHING, [A], session(1)), {A: Mark(5, 9, "id")}, Bounds(3, 20))
    assert holdings.turnover.expired == {A: 9}


def test_a_mark_of_another_program_is_taken_as_it_is() -> None:
    holdings, first = begun(assigned(NOTHING, [A], session(1)), {A: Mark(5)}, {A: Bounds(0, 9)}, IDS)
    assert holdings.turnover.expired == {}
    assert first == {A: Mark(5, None, "id")}


def test_what_comes_back_in_the_next_generation_is_kept() -> None:
    holdings = given(reading(A, B), {A: 7})
    after = assigned(revoked(holdings), [A], session(2))
    assert after.held == {A: holdings.held[A]}
    assert after.turnover == Turnover(lost=frozenset({B}))
    assert after.settled


@pytest.mark.parametrize("later", [session(3), session(2, "m-2")], ids=["a generation missed", "another member"])
def test_what_others_may_have_had_is_lost_and_gained(later: bytes) -> None:
    after = begin(assigned(revoked(reading(A)), [A], later), {A: Mark(3, None, "id")}, Bounds(0, 9))
    assert after.held[A].given == 3
    assert after.turnover == Turnover(lost=frozenset({A}), gained=frozenset({A}))


def test_in_limbo_nothing_is_held() -> None:
    holdings = revoked(reading(A))
    assert (holdings.held, holdings.settled) == ({}, False)


def test_what_is_lost_is_not_told_as_gained_or_expired() -> None:
    holdings = begin(assigned(NOTHING, [A], session(1)), {A: Mark(5, 9, "id")}, Bounds(0, 20))
    assert lost(holdings).turnover == Turnover(lost=frozenset({A}))


def test_a_position_that_is_gone_moves_to_the_first_record() -> None:
    holdings = begin(unreadable(reading(A, at=5), [A, B]), {A: Mark(5, None, "id")}, Bounds(8, 20))
    assert holdings.held == {A: Hold(8, Mark(8, 20, "id"))}
    assert holdings.turnover == Turnover(expired={A: 20})


def test_of_a_log_that_was_made_anew_all_that_was_given_is_lost() -> None:
    holdings = made_anew(reading(A, B, at=5), {"t": "new", "other": "x"})
    assert holdings.stale == {A, B}
    after = begin(holdings, {A: Mark(5, None, "id")}, Bounds(0, 20), "new")
    assert after.turnover == Turnover(frozenset({A, B}), frozenset({A, B}), {A: 20, B: 20})


def test_a_topic_that_is_not_known_now_is_not_taken_for_a_new_one() -> None:
    assert made_anew(reading(A), {}) == reading(A)


def test_a_partition_whose_commit_has_vanished_was_deleted() -> None:
    """Kafka deletes a group's offsets together with their topic."""
    before = lost(reading(A))
    holdings = begin(assigned(before, [A], session(9)), {}, Bounds(0, 20))
    assert holdings.held == {A: Hold(0, Mark(0, 20, "id"))}


# ---------------------------------------------------------------- any course of events

PLACES = st.sampled_from([A, B])
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("revoked")),
        st.tuples(st.just("lost")),
        st.tuples(st.just("assigned"), st.sets(PLACES), st.integers(1, 4), st.sampled_from(["m", "n"])),
        st.tuples(st.just("begun"), st.integers(0, 20), st.integers(0, 20)),
        st.tuples(st.just("given"), PLACES, st.integers(1, 5)),
        st.tuples(st.just("gone"), PLACES),
        st.tuples(st.just("told")),
    ),
    max_size=30,
)


def after(holdings: Holdings, event: tuple[Any, ...]) -> Holdings:
    match event:
        case ("revoked",):
            return revoked(holdings)
        case ("lost",):
            return lost(holdings)
        case ("assigned", places, generation, member):
            return assigned(holdings, places, session(generation, member))
        case ("begun", low, more):
            marks = {place: hold.mark for place, hold in holdings.held.items()}
            return begin(holdings, marks, Bounds(low, low + more))
        case ("given", place, count) if place in holdings.held:
            return given(holdings, {place: holdings.held[place].given + count})
        case ("gone", place):
            return unreadable(holdings, [place])
        case ("told",):
            return told(holdings)
        case _:
            return holdings


@drawn(EVENTS)
def test_every_partition_is_in_one_state_and_every_change_is_told(events: list[tuple[Any, ...]]) -> None:
    holdings, ours = NOTHING, frozenset[Place]()
    for event in events:
        holdings = after(holdings, event)
        held, limbo = set(holdings.held), set(holdings.limbo)
        assert not held & limbo
        assert not (held | limbo) & holdings.due
        assert holdings.stale <= held
        assert all(hold.given >= hold.mark.offset for hold in (*holdings.held.values(), *holdings.limbo.values()))
        assert holdings.turnover.gained <= held | limbo
        assert holdings.turnover.expired.keys() <= held | limbo
        if event == ("told",):
            ours = frozenset(held | limbo)
        told_now = (ours - holdings.turnover.lost) | holdings.turnover.gained
        assert told_now == held | limbo
