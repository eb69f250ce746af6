"""How a series goes on after a restart, and what expired, by example; the properties are in tests/property."""

from msgspec.structs import replace

from cryptostream.core.market.gap import BY_CONSUMER
from cryptostream.core.market.interval import INTERVALS, MINUTE, SECOND, Millis
from cryptostream.core.market.progress import Front
from cryptostream.core.market.series import Series
from cryptostream.core.ports import ExchangeError
from cryptostream.core.stream.begin import Past, begin, series_next
from cryptostream.core.stream.checkpoint import due_at, is_news
from cryptostream.core.stream.series_state import Closed, Fetched, ProducerConfig
from tests.support.exchange_model import SeriesTruth
from tests.support.producer_world import World

GRID = INTERVALS["1m"]
HERE = GRID.open_at(GRID.index(1_700_000_000_000))
NOW = HERE + 30 * SECOND
SERIES = Series("BTCUSDC", "1m")


def at(place: int) -> Millis:
    return GRID.shift(HERE, place)


def world(history: int, *absent: int, page: int = 4) -> World:
    """A producer that has just begun with `history` candles to fetch, of which some never existed."""
    truth = SeriesTruth(SERIES, first=at(-history - 3), absent={at(place) for place in absent})
    return World(truth, NOW, at(-history), ProducerConfig(page=page))


def after_five_seconds(of: World) -> None:
    """The next checkpoint is due, and nothing is answered meanwhile."""
    of.pass_to(of.now + 5 * SECOND)


def published(of: World) -> list[int]:
    return [GRID.index(e.candle.open_time) - GRID.index(HERE) for e in of.log]


def gaps(of: World) -> list[tuple[int, int, str, str]]:
    places = ((GRID.index(gap.start) - GRID.index(HERE), gap) for gap in of.ledger.values())
    return sorted((place, gap.candles, gap.cause, gap.state) for place, gap in places)


def half_filled(*absent: int) -> World:
    """Of forty candles the first ones are decided, a checkpoint says so, and the question for the next is open."""
    one = world(40, *absent)
    one.tell_time()
    one.answer_one()  # where the series begins
    one.answer_one()
    after_five_seconds(one)
    assert len(one.asked) == 1
    return one


def test_an_absent_run_inside_a_half_filled_hole_survives_a_kill() -> None:
    one = half_filled(-39, -38)
    assert published(one) == [-40, -37, -36, -35]
    assert one.progress is not None
    assert one.progress.fronts == (Front(at(-40), at(-1), at(-34), ((at(-39), at(-38)),)),)
    one.restart()
    assert gaps(one) == [
        (-40, 1, "pending", "closed"),
        (-39, 2, "exchange_outage", "closed"),
        (-37, 3, "pending", "closed"),
        (-34, 34, "pending", "open"),
    ]
    one.tell_time()
    assert [fetch.start for fetch in one.asked] == [at(-34)]


def test_counts_go_on_over_restarts() -> None:
    one = half_filled(-39)
    one.tell(Closed(one.truth.candle(at(-40), websocket=True)))  # a duplicate
    after_five_seconds(one)
    one.restart()
    assert (one.state.earlier, one.state.published) == (len(one.log), 0)
    assert one.state.earlier_duplicates == 1
    one.settle(one.now + MINUTE)
    assert one.state.earlier + one.state.published == len(one.log)
    after_five_seconds(one)
    assert one.progress is not None
    assert (one.progress.published, one.progress.duplicates_dropped) == (len(one.log), 1)


def test_what_was_published_after_the_checkpoint_is_not_asked_for_again() -> None:
    one = half_filled()
    told = one.progress
    one.answer_one()
    assert one.progress == told, "no checkpoint is due yet"
    known = len(one.log)
    one.restart()
    one.settle(one.now + MINUTE)
    assert known > 4
    assert published(one)[:40] == list(range(-40, 0))


def test_a_checkpoint_is_written_once_in_five_seconds_and_only_with_news() -> None:
    one = world(0)
    told = one.progress
    assert told is not None
    one.pass_to(at(1) - 1)
    assert one.progress == told
    assert not is_news(told, one.checkpoint())
    one.pass_to(at(1) + 5)
    one.tell(Closed(one.truth.candle(HERE, websocket=True)))
    assert one.progress.next_open == at(1)
    assert due_at(one.progress, one.state) == one.progress.at + 5_000_000


def test_a_hole_over_what_was_published_does_not_wait_for_its_checkpoint() -> None:
    """A kill would leave an older front, which calls published what is to be published again."""
    one = half_filled()
    one.expire(at(-40), at(-39))
    one.hear()
    assert one.progress is not None
    assert [(front.start, front.front) for front in one.progress.fronts] == [(at(-40), at(-40)), (at(-36), at(-36))]


def test_what_expired_is_published_again_and_counted_once() -> None:
    one = world(6, page=20)
    one.settle(one.now + 2 * SECOND)
    count = one.state.published
    one.expire(at(-5), at(-3))
    one.hear()
    assert [hole.cause for hole in one.state.holes] == ["expired"]
    one.settle(one.now + 5 * SECOND)
    assert published(one)[-3:] == [-5, -4, -3]
    assert [(entry.revision, entry.lane) for entry in one.log[-3:]] == [(0, "repair")] * 3
    assert one.state.published == count
    ours = one.gap_at(at(-5))
    assert (ours.cause, ours.state, ours.candles, ours.proof) == ("expired", "closed", 3, "rest")
    assert all(gap.state == "closed" for gap in one.ledger.values())


def test_a_ban_does_not_hide_that_a_range_expired() -> None:
    one = world(6, page=20)
    one.settle(one.now + 2 * SECOND)
    one.expire(at(-5), at(-3))
    one.hear()
    one.failing = ExchangeError("banned", "made up", one.now + MINUTE)
    one.answer_one()
    assert one.gap_at(at(-5)).cause == "expired"


def test_an_expired_range_leaves_alone_what_is_absent_or_still_to_come() -> None:
    one = half_filled(-39)
    one.expire(at(-50), at(20))
    one.hear()
    assert [(hole.start, hole.end, hole.cause) for hole in one.state.holes] == [
        (at(-40), at(-40), "expired"),
        (at(-38), at(-36), "expired"),
        (at(-35), at(-1), "pending"),
    ]
    assert [(each.start, each.end) for each in one.state.absences] == [(at(-39), at(-39))]


def test_the_answer_for_one_hole_does_not_judge_another() -> None:
    """The older hole came while the question was open: the answer, which begins later, does not prove it absent."""
    one = half_filled()
    one.expire(at(-40), at(-40))
    one.hear()
    one.answer_one()
    assert one.state.absences == ()
    assert one.state.holes[0].absent == ()
    one.settle(one.now + MINUTE)
    assert published(one).count(-40) == 2


def test_an_answer_that_nobody_waits_for_proves_nothing() -> None:
    one = half_filled()
    later = one.truth.page(at(-2), 2, one.now)
    one.tell(Fetched("history", at(-2), later))
    one.tell(Fetched("repair", at(-2), later))
    assert one.state.holes[0].absent == ()


def test_a_row_that_is_no_candle_may_have_been_the_one() -> None:
    one = half_filled()
    page = one.truth.page(at(-36), 4, one.now)
    one.tell(Fetched("history", at(-36), replace(page, closed=page.closed[1:], rejected=(("malformed", "[]"),))))
    assert one.state.holes[0].front == at(-36)
    assert one.state.holes[0].absent == ()


def test_a_clock_that_is_behind_does_not_publish_again() -> None:
    """Nothing is published twice because a restarted machine's clock is late."""
    newest = at(3)
    assert series_next(GRID, at(-5), newest, NOW) == at(4)
    state, _ = begin(ProducerConfig(), SERIES, at(-5), Past(newest=newest), NOW)
    assert state.live.next == at(4)


def test_the_chain_of_trades_goes_on_over_a_restart_between_two_candles() -> None:
    one = world(0)
    one.pass_to(at(1) + 5)
    candle = one.truth.candle(HERE, websocket=True)
    one.tell(Closed(replace(candle, first_trade_id=10, last_trade_id=11)))
    one.restart()
    assert one.state.live.trade == 12
    one.pass_to(at(2) + 5)
    one.restart()
    assert one.state.live.trade is None, "a candle has closed unheard"


def test_what_others_name_may_begin_where_a_gap_of_ours_begins() -> None:
    """Both stay in the ledger, whatever dies between."""
    one = half_filled()
    one.expire(at(-40), at(-39))
    assert {gap.evidence for gap in one.ledger.values()} == {None, BY_CONSUMER}
    one.restart()
    assert [(hole.start, hole.end, hole.cause) for hole in one.state.holes] == [
        (at(-40), at(-39), "expired"),
        (at(-36), at(-1), "pending"),
    ]


def test_a_gap_that_lies_before_the_start_is_heard_and_left() -> None:
    one = world(0)
    one.expire(at(-9), at(-7))
    one.hear()
    assert one.state.holes == ()
    one.restart()
    assert one.state.spans[0][0] == HERE
    assert all(gap.state == "closed" for gap in one.ledger.values())


def test_a_stopped_run_tells_how_long_its_holes_are() -> None:
    one = world(0)
    one.failing = ExchangeError("unavailable", "made up")
    for _ in range(7):
        one.pass_to(one.now + MINUTE)
        while one.asked:
            one.answer_one()
    assert one.gap_at(HERE).candles < 7
    one.stop()
    assert one.gap_at(HERE).candles == 7
