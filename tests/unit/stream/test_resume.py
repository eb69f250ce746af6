"""What a restart takes for unpublished: examples, and against sets; with the step it is in tests/property."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cryptostream.core.market.candle import Ints
from cryptostream.core.market.gap import BY_CONSUMER, Gap
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.progress import Front, Progress
from cryptostream.core.market.series import Series
from cryptostream.core.stream.resume import bounds, missing

GRID = INTERVALS["1m"]
SERIES = Series("BTCUSDC", "1m")


def at(place: int) -> Millis:
    return GRID.open_at(1000 + place)


def run(first: int, last: int) -> tuple[Millis, Millis]:
    return at(first), at(last)


def opens(*places: int) -> Ints:
    return np.array([at(place) for place in places], dtype=np.int64)


def progress(start: int, next_open: int, *fronts: Front) -> Progress:
    return Progress(
        series=SERIES,
        start=at(start),
        next_open=at(next_open),
        last_trade_id=None,
        published=next_open - start,
        duplicates_dropped=0,
        topic_offset=(0, 7),
        generation=1,
        at=1,
        fronts=fronts,
    )


def gap(first: int, last: int, **changes: object) -> Gap:
    named = Gap(
        series=SERIES,
        start=at(first),
        end=at(last),
        candles=last - first + 1,
        cause="pending",
        state="open",
        detected_at=1,
    )
    return replace(named, **changes)


def test_without_a_checkpoint_only_the_tail_is_published() -> None:
    found = missing(GRID, None, (gap(2, 4),), opens(1, 2, 5), at(0), at(8))
    assert found == (run(0, 0), run(3, 4), run(6, 7))


def test_all_before_the_start_and_from_the_next_one_on_is_missing() -> None:
    assert missing(GRID, progress(2, 5), (), opens(), at(0), at(8)) == (run(0, 1), run(5, 7))
    assert missing(GRID, progress(2, 5), (), opens(5, 6), at(2), at(8)) == (run(7, 7),)
    assert missing(GRID, progress(2, 5), (), opens(), at(3), at(5)) == ()


def test_of_an_open_gap_the_undecided_rest_is_missing() -> None:
    told = progress(0, 20, Front(at(3), at(9), at(6)))
    assert missing(GRID, told, (gap(3, 9),), opens(), at(0), at(20)) == (run(6, 9),)
    assert missing(GRID, told, (gap(3, 9),), opens(6, 7), at(0), at(20)) == (run(8, 9),)


def test_a_gap_that_was_closed_since_is_in_the_tail() -> None:
    told = progress(0, 20, Front(at(3), at(9), at(6)))
    closed = gap(3, 9, state="closed")
    assert missing(GRID, told, (closed,), opens(6, 7, 8, 9), at(0), at(20)) == ()


def test_a_gap_that_has_grown_since_goes_on_where_the_checkpoint_ends() -> None:
    told = progress(0, 10, Front(at(8), at(9), at(8)))
    assert missing(GRID, told, (gap(8, 12),), opens(13), at(0), at(14)) == (run(8, 12),)


def test_what_was_published_once_and_is_open_again_is_missing() -> None:
    named = gap(3, 9, cause="expired", evidence=BY_CONSUMER)
    assert missing(GRID, progress(0, 20), (named,), opens(), at(0), at(20)) == (run(3, 9),)
    assert missing(GRID, progress(0, 20), (named,), opens(3, 4), at(0), at(20)) == (run(5, 9),)


def test_what_a_consumer_names_does_not_hide_what_the_producer_still_had_to_do() -> None:
    told = progress(0, 20, Front(at(3), at(12), at(6)))
    named = gap(3, 9, cause="expired", evidence=BY_CONSUMER)
    assert missing(GRID, told, (named,), opens(), at(0), at(20)) == (run(3, 12),)


def test_only_the_range_asked_for_is_answered() -> None:
    told = progress(2, 10, Front(at(4), at(6), at(4)))
    assert missing(GRID, told, (), opens(), at(5), at(12)) == (run(5, 6), run(10, 11))
    assert missing(GRID, told, (), opens(), at(4) + 1, at(6) + 1) == (run(5, 6),)
    assert missing(GRID, told, (), opens(), at(5), at(5)) == ()
    assert missing(GRID, told, (), opens(), at(5), at(4)) == ()


def test_months_are_missing_by_the_calendar() -> None:
    grid, series = INTERVALS["1M"], Series("BTCUSDC", "1M")
    month = grid.open_at(600)
    told = replace(progress(0, 1), series=series, start=month, next_open=grid.shift(month, 2))
    assert missing(grid, told, (), opens(), grid.shift(month, -1), grid.shift(month, 4)) == (
        (grid.shift(month, -1), grid.shift(month, -1)),
        (grid.shift(month, 2), grid.shift(month, 3)),
    )


def test_bounds_hold_all_that_is_known() -> None:
    assert bounds(None, opens()) is None
    assert bounds(replace(progress(3, 3), published=0), opens()) is None
    assert bounds(None, opens(4, 9)) == run(4, 9)
    assert bounds(progress(3, 8), opens()) == run(3, 7)
    assert bounds(progress(3, 8), opens(2, 9)) == run(2, 9)


PLACES = st.integers(0, 39)
pairs = st.tuples(PLACES, PLACES).map(lambda pair: (min(pair), max(pair)))


@given(
    pairs, st.lists(st.tuples(pairs, PLACES), max_size=3), st.lists(st.tuples(pairs, st.booleans())), st.sets(PLACES)
)
def test_it_is_what_sets_say(
    known: tuple[int, int],
    fronts: list[tuple[tuple[int, int], int]],
    gaps: list[tuple[tuple[int, int], bool]],
    tail: set[int],
) -> None:
    told = progress(*known, *(Front(at(first), at(last), at(front)) for (first, last), front in fronts))
    ledger = [gap(*places, state="open" if is_open else "closed") for places, is_open in gaps]
    unknown = {place for place in range(40) if not known[0] <= place < known[1]}
    for (_, last), front in fronts:
        unknown |= set(range(front, last + 1))
    for (first, last), is_open in gaps:
        if is_open and first not in {places[0] for places, _ in fronts}:
            unknown |= set(range(first, last + 1))
    found = missing(GRID, told, ledger, opens(*sorted(tail)), at(0), at(40))
    assert [time for first, last in found for time in GRID.opens(first, GRID.next(last))] == [
        at(place) for place in sorted(unknown - tail)
    ]
