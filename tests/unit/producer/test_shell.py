"""The producer as it runs: in which order it begins, what it leaves, and what it does when others interfere."""

from threading import Event

import pytest

from cryptostream.clock import ManualClock
from cryptostream.core.market.interval import MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import FeedCandle, KlinePage, LogError
from cryptostream.core.result import Err, Ok
from cryptostream.producer import listening
from cryptostream.producer.shell import Producer
from tests.support.exchange_model import SeriesTruth
from tests.support.feed import wait
from tests.support.producer_shell import Running, Stage, running

NOW = 1_700_000_000_000 // MINUTE * MINUTE + 30 * SECOND
BTC, ETH = Series("BTCUSDC", "1m"), Series("ETHUSDC", "1m")


@pytest.fixture
def stage() -> Stage:
    return Stage(ManualClock(NOW))


def opens(start: Millis, count: int) -> list[Millis]:
    return [start + place * MINUTE for place in range(count)]


# ---------------------------------------------------------------- begin


def test_it_takes_over_only_once_it_hears_and_looks_back_only_then(stage: Stage) -> None:
    """A candle that closes meanwhile waits, and is published."""
    start = stage.list(BTC, 0)
    stage.at_once = (FeedCandle(stage.exchange.truths[BTC].candle(start, websocket=True)),)
    stage.clock.set(start + MINUTE - 1)
    producer = Producer(stage.job({BTC: start}), stage.edges())
    run = Running(producer)
    run.wait_begun()
    stage.clock.advance(2)
    wait(lambda: stage.books.opens(BTC), "the candle is published")
    assert stage.books.calls[:3] == ["subscribe", "take_over", "gaps"]
    assert run.end() == Ok(None)
    assert [record.lane for record in stage.books.records(BTC)] == ["live"]


def test_a_feed_that_does_not_flow_is_waited_for_but_not_long(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "FIRST_SEAM_SECONDS", 0.1)
    start = stage.list(BTC, 3)

    class Silent:
        def subscribe(self, series: frozenset[Series]) -> None: ...
        def resubscribe(self, series: Series) -> None: ...
        def close(self) -> None: ...

    with running(stage, {BTC: start}, feed=lambda _: Silent()) as run:
        run.wait_complete()
        assert stage.books.opens(BTC) == opens(start, 3)


def test_one_that_is_stopped_before_it_has_begun_takes_nothing_over(stage: Stage) -> None:
    stop = Event()
    stop.set()
    assert Producer(stage.job({BTC: stage.list(BTC, 3)}), stage.edges()).run(stop) == Ok(None)
    assert "take_over" not in stage.books.calls
    assert stage.feed.closed


def test_it_goes_on_where_another_was_killed(stage: Stage) -> None:
    start = stage.list(BTC, 40)
    with running(stage, {BTC: start}) as first:
        first.wait_complete()
        newest = stage.close_next(BTC)
        wait(lambda: stage.books.opens(BTC)[-1] == newest, "it publishes live")
        stage.books.before = lambda: Err(LogError("killed", fatal=True))
        stage.close_next(BTC)
        first.thread.join(10)
    stage.books.before = lambda: Ok(None)
    with running(stage, {BTC: start}) as second:
        wait(lambda: len(stage.books.opens(BTC)) == 42, "what the first could not publish is fetched")
        assert stage.books.opens(BTC) == opens(start, 42)
        assert second.producer.snapshot().series[0].published == 1
        assert second.producer.snapshot().series[0].published_ever == 42


# ---------------------------------------------------------------- another owner, and other errors


def test_one_that_is_fenced_ends_and_says_no_last_words(stage: Stage) -> None:
    """A fenced producer exits and never re-initialises."""
    start = stage.list(BTC, 3)
    old = Running(Producer(stage.job({BTC: start}), stage.edges()))
    old.wait_begun()
    wait(lambda: old.producer.snapshot().complete, "the first is complete")
    with running(stage, {BTC: start}) as new:
        stage.clock.advance(MINUTE)
        old.thread.join(30)
        assert old.result == Err(LogError("fenced", fatal=True))
        wait(lambda: len(stage.books.opens(BTC)) == 4, "the new one goes on")
        assert new.thread.is_alive()
    assert stage.books.calls.count("take_over") == 2


@pytest.mark.parametrize("broken", ["take_over", "gaps", "progress", "bounds", "missing"])
def test_one_that_cannot_learn_what_there_is_publishes_nothing(stage: Stage, broken: str) -> None:
    error = LogError("made up", fatal=True)
    edges = stage.edges()
    part = edges.journal if broken == "take_over" else edges.ledger
    setattr(part, broken, lambda *_: Err(error))
    run = Running(Producer(stage.job({BTC: stage.list(BTC, 3)}), edges))
    run.thread.join(30)
    assert run.result == Err(error)
    assert not run.producer.snapshot().complete
    assert "publish" not in stage.books.calls


def test_an_exception_ends_the_run_with_all_that_it_opened(stage: Stage) -> None:
    start = stage.list(BTC, 0)
    run = Running(Producer(stage.job({BTC: start}), stage.edges()))
    run.wait_begun()

    def broken() -> Ok[None]:
        raise ValueError("made up")

    stage.books.before = broken
    stage.close_next(BTC)
    run.thread.join(30)
    assert isinstance(run.result, ValueError)
    assert stage.feed.closed


def test_one_that_is_stopped_while_the_log_blocks_ends_as_it_should(stage: Stage) -> None:
    start = stage.list(BTC, 0)
    run = Running(Producer(stage.job({BTC: start}), stage.edges()))
    run.wait_begun()
    blocked = Event()

    def full() -> Err[LogError]:
        blocked.set()
        run.stop.wait(30)
        return Err(LogError("stopped", fatal=True))

    stage.books.before = full
    stage.close_next(BTC)
    assert blocked.wait(30)
    assert run.end() == Ok(None)


# ---------------------------------------------------------------- checkpoints


def test_a_stopped_run_leaves_a_last_checkpoint(stage: Stage) -> None:
    start = stage.list(BTC, 3)
    with running(stage, {BTC: start}) as run:
        run.wait_complete()
        stage.close_next(BTC)
        wait(lambda: len(stage.books.opens(BTC)) == 4, "it publishes live")
    told = stage.books.progress()[BTC]
    assert (told.start, told.next_open, told.published, told.fronts) == (start, start + 4 * MINUTE, 4, ())
    assert (told.generation, told.topic_offset) == (1, (0, 3))


def test_a_series_has_a_checkpoint_every_five_seconds_while_it_changes(stage: Stage) -> None:
    second = Series("BTCUSDC", "1s")
    start = stage.list(second, 0)
    with running(stage, {second: start}):
        for _ in range(4):
            stage.close_next(second)
        wait(lambda: len(stage.books.opens(second)) == 4, "all is published")
        assert stage.books.progress()[second].next_open == start
        stage.close_next(second)
        wait(lambda: stage.books.progress()[second].next_open > start, "five seconds later there is another")


# ---------------------------------------------------------------- what expired


def test_a_range_that_a_consumer_names_is_published_again_once(stage: Stage) -> None:
    start = stage.list(BTC, 5)
    with running(stage, {BTC: start}) as run:
        run.wait_complete()
        stage.books.name_expired(BTC, start + MINUTE, start + 2 * MINUTE)
        stage.clock.advance(5 * SECOND)
        wait(lambda: len(stage.books.opens(BTC)) == 7, "what expired is published again")
        wait(lambda: all(gap.state == "closed" for gap in stage.books.gaps()), "and nothing is open")
        assert run.producer.snapshot().series[0].published == 5
        stage.clock.advance(6 * SECOND)
    assert stage.books.opens(BTC)[5:] == opens(start + MINUTE, 2)


# ---------------------------------------------------------------- another assignment


def test_a_changed_assignment_is_applied_as_a_difference(stage: Stage) -> None:
    """A removed series stops with a last checkpoint, a new one begins from its history, others are not disturbed."""
    starts = {BTC: stage.list(BTC, 3)}
    with running(stage, starts) as run:
        run.wait_complete()
        both = {**starts, ETH: stage.list(ETH, 5)}
        asked = len(stage.exchange.asked)
        run.producer.assign(stage.job(both).symbols, both, 2)
        wait(lambda: len(stage.books.opens(ETH)) == 5, "the new series is complete")
        assert {series for series, _ in stage.exchange.asked[asked:]} == {ETH}
        assert stage.feed.subscribed == [frozenset({BTC}), frozenset({BTC, ETH})]
        assert run.producer.snapshot().generation == 2
        newest = stage.close_next(BTC)
        wait(lambda: stage.books.opens(BTC)[-1] == newest, "the old one goes on")
        run.producer.assign(stage.job(starts).symbols, {ETH: both[ETH]}, 3)
        wait(lambda: [each.series for each in run.producer.snapshot().series] == [ETH], "the old one stops")
        wait(lambda: stage.books.progress()[BTC].generation == 3, "with a last checkpoint")
        assert stage.books.progress()[BTC].next_open == newest + MINUTE


def test_a_series_that_comes_back_publishes_nothing_again(stage: Stage) -> None:
    """Whatever the ledger was like when it was read."""
    starts = {BTC: stage.list(BTC, 3), ETH: stage.list(ETH, 3)}
    symbols = stage.job(starts).symbols
    with running(stage, starts) as run:
        run.wait_complete()
        run.producer.assign(symbols, {ETH: starts[ETH]}, 2)
        wait(lambda: len(run.producer.snapshot().series) == 1, "one is taken away")
        stage.books.name_expired(BTC, starts[BTC], starts[BTC])
        stage.clock.advance(3 * MINUTE)
        run.producer.assign(symbols, starts, 3)
        wait(lambda: len(stage.books.opens(BTC)) == 7, "it is fetched what has closed, and what expired, meanwhile")
        run.wait_complete()
        assert sorted(stage.books.opens(BTC)) == sorted([starts[BTC], *opens(starts[BTC], 6)])
        assert run.producer.snapshot().series[0].published_ever == 6


def test_an_assignment_given_before_the_run_begins_is_the_first(stage: Stage) -> None:
    starts = {ETH: stage.list(ETH, 3)}
    producer = Producer(stage.job({BTC: stage.list(BTC, 3)}), stage.edges())
    producer.assign(stage.job(starts).symbols, starts, 7)
    run = Running(producer)
    run.wait_begun()
    assert [each.series for each in producer.snapshot().series] == [ETH]
    assert run.end() == Ok(None)
    assert stage.feed.subscribed == [frozenset({ETH})]


# ---------------------------------------------------------------- a ban of others


def test_nothing_is_asked_before_a_ban_of_others_has_passed(stage: Stage) -> None:
    start = stage.list(BTC, 3)
    producer = Producer(stage.job({BTC: start}), stage.edges())
    producer.ban(NOW + 90 * SECOND)
    run = Running(producer)
    run.wait_begun()
    assert producer.snapshot().banned_until == NOW + 90 * SECOND
    wait(lambda: producer.snapshot().series[0].gaps.get("pending"), "the gap is named")
    stage.clock.advance(89 * SECOND)
    assert stage.exchange.asked == []
    stage.clock.advance(40 * SECOND)
    wait(lambda: len(stage.books.opens(BTC)) == 5, "and then it is")
    assert producer.snapshot().banned_until is None
    assert run.end() == Ok(None)


def test_answers_for_a_series_that_has_gone_are_dropped(stage: Stage) -> None:
    starts = {BTC: stage.list(BTC, 3), ETH: stage.list(ETH, 0)}
    held = Event()
    exchange = stage.exchange

    class Slow(SeriesTruth):
        def page(self, start: Millis, limit: int, now: Millis, *, lag: Millis = 0) -> KlinePage:
            held.wait(30)
            return super().page(start, limit, now, lag=lag)

    exchange.truths[BTC] = Slow(BTC, first=starts[BTC])
    with running(stage, starts) as run:
        wait(lambda: exchange.asked, "it asks")
        run.producer.assign(stage.job({ETH: 0}).symbols, {ETH: starts[ETH]}, 2)
        wait(lambda: len(run.producer.snapshot().series) == 1, "the series is taken away")
        held.set()
        newest = stage.close_next(ETH)
        wait(lambda: stage.books.opens(ETH) == [newest], "the other goes on")
        assert stage.books.opens(BTC) == []


def test_before_it_has_begun_nothing_is_complete(stage: Stage) -> None:
    shot = Producer(stage.job({BTC: stage.list(BTC, 3)}), stage.edges()).snapshot()
    assert not shot.begun
    assert not shot.complete
