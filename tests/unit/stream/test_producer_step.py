"""The producer's step by example; its properties are in tests/property."""

from msgspec.structs import replace

from cryptostream.core.codec.ledger import key
from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import INTERVALS, MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import ExchangeError
from cryptostream.core.stream.account import expected, missing
from cryptostream.core.stream.series_state import Closed, ProducerConfig, Seam, Status
from tests.support.exchange_model import SeriesTruth
from tests.support.producer_world import World

GRID = INTERVALS["1m"]
HERE = GRID.open_at(GRID.index(1_700_000_000_000) // 7 * 7 + 1)
"""In the model every seventh candle has no trades; this is the one after such a candle."""
NOW = HERE + 30 * SECOND


def world(history: int = 0, **truth: object) -> World:
    first = GRID.shift(HERE, -history)
    told = SeriesTruth(Series("BTCUSDC", "1m"), first=GRID.shift(first, -3))
    for name, value in truth.items():
        setattr(told, name, value)
    return World(told, NOW, first, ProducerConfig())


def push(of: World, open_time: Millis) -> None:
    of.tell(Closed(of.truth.candle(open_time, websocket=True)))


def close(of: World, open_time: Millis) -> None:
    """The candle closes, and its closing frame arrives."""
    of.pass_to(GRID.next(open_time) + 5)
    push(of, open_time)


def at(place: int) -> Millis:
    return GRID.shift(HERE, place)


def published(of: World) -> list[tuple[int, str, int]]:
    return [(GRID.count(HERE, e.candle.open_time), e.lane, e.revision) for e in of.log]


def test_live_candles_are_published_as_they_close() -> None:
    one = world()
    for place in range(3):
        close(one, at(place))
    assert published(one) == [(0, "live", 0), (1, "live", 0), (2, "live", 0)]
    assert not one.ledger


def test_a_candle_that_arrives_twice_is_published_once() -> None:
    one = world()
    close(one, at(0))
    push(one, at(0))
    assert published(one) == [(0, "live", 0)]
    assert [(note.kind, note.count) for note in one.notes] == [("duplicate", 1)]
    assert one.state.duplicates == 1


def test_a_missing_close_is_fetched_at_its_deadline_and_stays_live() -> None:
    one = world()
    one.pass_to(GRID.next(HERE) + 3 * SECOND + 5)
    assert [(fetch.purpose, fetch.start) for fetch in one.asked] == [("live", HERE)]
    one.answer_one()
    assert published(one) == [(0, "live", 0)]
    assert one.log[0].candle.source == "rest"


def test_one_second_candles_have_a_shorter_deadline() -> None:
    truth = SeriesTruth(Series("BTCUSDC", "1s"), first=NOW)
    one = World(truth, NOW, NOW, ProducerConfig())
    one.pass_to(NOW + 999 + 2 * SECOND)
    assert [fetch.start for fetch in one.asked] == [NOW]


def test_a_hole_holds_live_for_three_seconds_and_then_live_goes_on() -> None:
    one = world()
    one.failing = ExchangeError("unavailable", "made up")
    one.pass_to(GRID.next(at(0)) + SECOND)  # the close of 0 is lost
    one.pass_to(GRID.next(at(1)) - 1)
    assert one.gap_at(HERE).cause == "pending"  # after close and grace
    close(one, at(1))
    assert published(one) == [(1, "live", 0)]
    one.settle(one.now + 40 * SECOND)
    assert published(one) == [(1, "live", 0), (0, "repair", 0)]
    assert (one.gap_at(HERE).state, one.gap_at(HERE).candles) == ("closed", 1)


def test_a_hole_between_known_trades_is_proved_by_their_ids() -> None:
    second = INTERVALS["1s"]
    begin = second.open_at(second.index(NOW) // 7 * 7 + 1)
    one = World(SeriesTruth(Series("BTCUSDC", "1s"), first=begin), begin, begin, ProducerConfig())
    for place in (0, 1, 5):
        open_time = second.shift(begin, place)
        one.pass_to(second.next(open_time) + 5)
        push(one, open_time)
    one.failing = ExchangeError("unavailable", "made up")
    while one.asked:
        one.answer_one()
    one.pass_to(one.now + 4 * SECOND)
    one.settle(one.now + 5 * SECOND)
    gap = one.gap_at(second.shift(begin, 2))
    assert (gap.candles, gap.cause, gap.state, gap.proof) == (3, "pending", "closed", "trade_ids")
    assert any(note.kind == "chain_proof" for note in one.notes)


def test_a_trade_missing_between_candles_breaks_the_chain() -> None:
    one = world()
    close(one, at(0))
    one.pass_to(GRID.next(at(1)) + 5)
    candle = one.truth.candle(at(1), websocket=True)
    one.tell(Closed(replace(candle, first_trade_id=(candle.first_trade_id or 0) + 1)))
    assert published(one)[-1] == (1, "live", 0)
    assert [note.kind for note in one.notes] == ["chain_break"]


def test_a_seam_fetches_at_once_what_closed_meanwhile() -> None:
    one = world()
    one.pass_to(GRID.next(HERE) + 100)
    one.tell(Seam())
    assert [(fetch.purpose, fetch.start) for fetch in one.asked] == [("live", HERE)]


def test_absence_is_proved_by_two_answers_a_minute_apart() -> None:
    one = world(absent={at(0)})
    one.pass_to(GRID.next(at(0)) + 15 * SECOND)
    while one.asked:
        one.answer_one()
    assert one.gap_at(HERE).cause == "pending"
    close(one, at(1))
    while one.asked:
        one.answer_one()
    one.pass_to(one.now + 5 * SECOND)
    while one.asked:
        one.answer_one()
    assert one.gap_at(HERE).state == "open"
    one.settle(one.now + 3 * MINUTE)
    gap = one.gap_at(HERE)
    assert (gap.cause, gap.state, gap.candles, gap.evidence) == ("exchange_outage", "closed", 1, "rest")


def test_absence_of_the_old_is_proved_at_once() -> None:
    one = world(history=60, absent={at(-40), at(-39)})
    one.settle(one.now + 2 * SECOND)
    assert missing(one.config, one.state, one.now) == {"exchange_outage": 2}
    assert expected(one.config, one.state, one.now) == 58
    assert [(g.start, g.candles) for g in one.ledger.values() if g.cause == "exchange_outage"] == [(at(-40), 2)]
    assert sum(gap.candles for gap in one.ledger.values() if gap.cause == "pending") == 58


def test_what_lies_before_the_listing_is_named() -> None:
    one = world(history=10)
    one.truth.first = at(-4)
    one.settle(one.now + 2 * SECOND)
    assert [place for place, *_ in published(one)] == [GRID.count(HERE, t) for t in (at(-4), at(-3), at(-2), at(-1))]
    gap = one.gap_at(at(-10))
    assert (gap.cause, gap.candles, gap.state) == ("before_listing", 6, "closed")


def test_a_ban_is_named_in_the_ledger_and_waited_for() -> None:
    one = world(history=5)
    one.pass_to(NOW + 1)
    one.answer_one()  # where the series begins
    one.failing = ExchangeError("banned", "made up", NOW + 90 * SECOND)
    one.answer_one()
    assert one.gap_at(at(-5)).cause == "blocked"
    assert missing(one.config, one.state, one.now) == {"blocked": 5}
    one.pass_to(NOW + 89 * SECOND)
    assert not [fetch for fetch in one.asked if fetch.start == at(-5)]
    one.settle(NOW + 95 * SECOND)
    assert (one.gap_at(at(-5)).cause, one.gap_at(at(-5)).state) == ("pending", "closed")


def test_a_restatement_is_a_new_revision_each_time() -> None:
    one = world()
    close(one, at(0))
    for version, minutes in ((1, 12), (2, 26 * 60)):
        one.truth.versions[at(0)] = version
        one.settle(one.now + minutes * MINUTE)
    revisions = [(e.revision, e.candle.volume) for e in one.log if e.candle.open_time == at(0)]
    volume = one.truth.trades(GRID.index(at(0)))
    assert revisions[0][0] == 0
    assert revisions[-1] == (len(revisions) - 1, f"{volume + 0.5}")
    assert [revision for revision, _ in revisions] == list(range(len(revisions)))


def test_a_candle_that_reappears_is_published_and_the_ledger_corrected() -> None:
    one = world(history=30, absent={at(-20), at(-19), at(-18)})
    one.settle(one.now + 2 * SECOND)
    one.truth.absent = {at(-20), at(-18)}
    one.settle(one.now + 26 * 60 * MINUTE)
    assert any(e.candle.open_time == at(-19) for e in one.log)
    outages = sorted((g.start, g.end) for g in one.ledger.values() if g.cause == "exchange_outage")
    assert outages == [(at(-20), at(-20)), (at(-18), at(-18))]


def test_a_delisted_market_owes_nothing_more() -> None:
    one = world()
    close(one, at(0))
    one.tell(Status("DELISTED"))
    one.pass_to(one.now + 60 * MINUTE)
    assert expected(one.config, one.state, one.now) == 1
    assert not one.state.holes


def test_a_market_in_a_break_has_no_deadlines() -> None:
    one = world()
    close(one, at(0))
    one.tell(Status("BREAK"))
    one.pass_to(one.now + 10 * MINUTE)
    assert {fetch.purpose for fetch in one.asked} <= {"audit"}
    assert not missing(one.config, one.state, one.now)


def test_a_restart_closes_what_was_repaired_meanwhile() -> None:
    one = world(history=5)
    open_gap = Gap(
        series=one.series, start=at(-5), end=at(-1), candles=5, cause="pending", state="open", detected_at=NOW
    )
    one.settle(one.now + 2 * SECOND)
    one.ledger[key(open_gap)] = open_gap
    one.restart()
    assert one.gap_at(at(-5)).state == "closed"
    assert not one.state.holes


def test_a_silence_is_one_hole_told_seldom() -> None:
    one = world()
    one.failing = ExchangeError("unavailable", "made up")
    told: list[Gap] = []
    for _ in range(64):
        one.pass_to(one.now + MINUTE)
        while one.asked:
            one.answer_one()
        told += [gap for gap in one.ledger.values() if gap not in told]
    assert len(one.state.holes) == 1
    assert len(told) < 10
    one.settle(one.now + 5 * MINUTE)
    (gap,) = one.ledger.values()
    assert (gap.start, gap.state) == (at(0), "closed")
    assert gap.candles >= 64
