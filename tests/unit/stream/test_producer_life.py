"""Listings, delistings, candles that come late, and what holds the live lane, by example."""

from msgspec.structs import replace

from cryptostream.core.market.interval import INTERVALS, MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.market.table import table_of
from cryptostream.core.ports import ExchangeError, KlinePage
from cryptostream.core.stream.account import expected
from cryptostream.core.stream.audit import due, first_audit, restated
from cryptostream.core.stream.series_state import Audit, Closed, Fetched, ProducerConfig, Status
from tests.support.builders import validated
from tests.support.exchange_model import SeriesTruth
from tests.support.producer_world import World

GRID = INTERVALS["1m"]
HERE = GRID.open_at(GRID.index(1_700_000_000_000))
NOW = HERE + 30 * SECOND
NOTHING = KlinePage((), None, NOW)


def at(place: int) -> Millis:
    return GRID.shift(HERE, place)


def world(history: int = 0, interval: str = "1m") -> World:
    grid = INTERVALS[interval]
    start = grid.shift(grid.floor(NOW), -history)
    return World(SeriesTruth(Series("BTCUSDC", interval), first=grid.shift(start, -3)), NOW, start, ProducerConfig())


def push(of: World, open_time: Millis) -> None:
    of.tell(Closed(of.truth.candle(open_time, websocket=True)))


def published(of: World) -> list[tuple[Millis, str]]:
    return [(entry.candle.open_time, entry.lane) for entry in of.log]


# ---------------------------------------------------------------- listing


def test_one_answer_without_any_candle_does_not_prove_that_there_was_none() -> None:
    one = world(history=5)
    one.tell_time()
    one.asked.clear()
    one.tell(Fetched("listing", 0, NOTHING))
    assert not one.state.listing.known
    one.settle(one.now + 2 * MINUTE)
    assert {open_time for open_time, _ in published(one)} >= {at(place) for place in range(-5, 0)}
    assert not one.state.absences


def test_two_answers_a_minute_apart_do() -> None:
    one = world(history=5)
    one.tell_time()
    one.asked.clear()
    one.tell(Fetched("listing", 0, NOTHING))
    one.pass_to(one.now + MINUTE)
    assert [fetch.purpose for fetch in one.asked if fetch.start == 0] == ["listing"]
    one.tell(Fetched("listing", 0, NOTHING))
    assert (at(-5), at(-1), "before_listing") in [(each.start, each.end, each.cause) for each in one.state.absences]


# ---------------------------------------------------------------- delisted, and listed again


def test_what_has_arrived_of_a_delisted_market_is_published() -> None:
    one = world(history=5)
    one.pass_to(at(2) + 5)
    push(one, at(-3))  # it waits in the hole
    push(one, at(1))  # it waits for the one before
    one.tell(Status("DELISTED"))
    assert published(one) == [(at(1), "live"), (at(-3), "history")]
    gone = [(at(-5), at(-4)), (at(-2), at(-1)), (at(0), at(0))]
    assert [(each.start, each.end) for each in one.state.absences] == gone
    assert expected(one.config, one.state, one.now) == one.state.published == 2


def test_what_was_proved_of_a_delisted_market_stays_named() -> None:
    one = World(
        SeriesTruth(Series("BTCUSDC", "1m"), first=at(-50), absent={at(-29)}), NOW, at(-30), ProducerConfig(page=4)
    )
    one.tell_time()
    one.answer_one()
    one.answer_one()
    one.tell(Status("DELISTED"))
    assert [each.cause for each in one.state.absences] == ["exchange_outage", "delisted"]
    assert expected(one.config, one.state, one.now) == one.state.published


def test_a_market_that_is_there_after_all_is_completed() -> None:
    one = world(history=5)
    one.tell(Status("DELISTED"))
    assert expected(one.config, one.state, one.now) == 0
    one.pass_to(one.now + 2 * MINUTE)
    one.tell(Status("TRADING"))
    one.settle(one.now + 2 * MINUTE)
    assert {open_time for open_time, _ in published(one)} >= {at(place) for place in range(-5, 3)}
    assert not one.state.absences
    assert all(gap.state == "closed" and gap.cause == "pending" for gap in one.ledger.values())


def test_it_is_completed_after_a_restart_too() -> None:
    one = world(history=5)
    one.tell(Status("DELISTED"))
    one.restart()
    assert one.state.status == "DELISTED"
    one.tell(Status("TRADING"))
    one.restart()
    one.settle(one.now + 2 * MINUTE)
    assert {open_time for open_time, _ in published(one)} >= {at(place) for place in range(-5, 1)}


# ---------------------------------------------------------------- late candles


def test_a_candle_that_was_proved_absent_and_arrives_is_published() -> None:
    """It is no duplicate: nobody has seen it."""
    truth = SeriesTruth(Series("BTCUSDC", "1m"), first=at(-50), absent={at(-28)})
    one = World(truth, NOW, at(-30), ProducerConfig())
    one.settle(one.now + 2 * SECOND)
    truth.absent.clear()
    push(one, at(-28))
    assert published(one)[-1] == (at(-28), "repair")
    assert (one.state.absences, one.state.duplicates) == ((), 0)
    assert one.state.published == len(one.log)
    push(one, at(-28))
    assert one.state.duplicates == 1


def test_each_of_two_holes_holds_the_live_lane_for_three_seconds() -> None:
    """A hole holds the live lane at most 3 s, then it is ledgered and live goes on; the second hole, too."""
    one = world(interval="1s")
    one.failing = ExchangeError("unavailable", "made up")
    grid, first = one.truth.interval, one.state.live.next
    one.pass_to(grid.shift(first, 6))
    push(one, grid.shift(first, 1))
    push(one, grid.shift(first, 3))
    one.pass_to(one.now + 3 * SECOND)
    assert [open_time for open_time, _ in published(one)] == [grid.shift(first, 1)]
    one.pass_to(one.now + 3 * SECOND)
    assert [open_time for open_time, _ in published(one)] == [grid.shift(first, 1), grid.shift(first, 3)]


def test_a_market_in_a_break_that_makes_candles_is_not_held_for_ever() -> None:
    one = world()
    one.tell(Status("BREAK"))
    one.pass_to(at(2) + 5)
    push(one, at(1))
    one.pass_to(one.now + 3 * SECOND)
    assert published(one) == [(at(1), "live")]


# ---------------------------------------------------------------- audits


def test_a_revision_that_the_log_does_not_show_yet_is_not_published_again() -> None:
    one = world()
    candle = one.truth.candle(HERE, websocket=False)
    shown = table_of([validated(candle)])
    changed = replace(candle, volume="7.5")
    audit, effects, _ = restated(Audit(), (changed,), shown)
    assert [(effect.revision, effect.candles) for effect in effects] == [(1, (changed,))]
    audit, effects, _ = restated(audit, (changed,), shown)
    assert effects == ()
    audit, effects, _ = restated(audit, (replace(candle, volume="8"),), shown)
    assert [effect.revision for effect in effects] == [2]
    assert len(audit.revised) == 1


def test_audits_that_cannot_be_made_do_not_pile_up() -> None:
    config = ProducerConfig()
    audit = replace(first_audit(config, HERE, NOW), next_day=None)
    for minutes in range(10, 600, 5):
        audit = due(config, GRID, audit, HERE, NOW + minutes * MINUTE)
    assert len(audit.runs) == 1
    assert (audit.runs[0][0], GRID.next(audit.runs[0][1])) == (HERE, audit.since)
    asked = due(config, GRID, replace(audit, asked=True), HERE, NOW + 700 * MINUTE)
    assert asked.runs[0] == audit.runs[0], "the question that is open was about this run"
    assert len(asked.runs) == 2
