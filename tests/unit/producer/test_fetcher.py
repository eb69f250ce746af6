"""Each question gets exactly one answer, whatever the exchange's client does, and none waits for the less urgent."""

from dataclasses import replace
from queue import SimpleQueue
from threading import Event as Flag
from typing import Any

import pytest

from cryptostream.clock import ExchangeClock, ManualClock
from cryptostream.core.market.series import Series
from cryptostream.core.ports import ExchangeError, KlinePage
from cryptostream.core.result import Err, Ok
from cryptostream.core.stream.series_state import Event, Fetch, Fetched, FetchFailed
from cryptostream.observe.logs import Log
from cryptostream.observe.metrics import Metrics
from cryptostream.producer.edges import Edges
from cryptostream.producer.fetcher import Fetcher
from tests.support.feed import wait

SERIES = Series("BTCUSDC", "1m")
PAGE = KlinePage((), None, 1)


class Answering:
    """An exchange that answers, fails or breaks as it is told."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def klines(self, series: Series, start: int, limit: int) -> Any:
        assert (series, start, limit) == (SERIES, 5, 10)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def asked(answer: Any, *, room: bool = True, exchange: Any = None) -> tuple[SimpleQueue[Event], Fetcher]:
    clock = ExchangeClock(ManualClock(1))
    exchange = exchange or Answering(answer)
    nothing: Any = None
    edges = Edges(
        journal=nothing,
        ledger=nothing,
        urgent=exchange,
        background=exchange,
        feed=None,
        clock=clock,
        room=lambda: room,
        observer=Metrics("a.b", clock.now, simulated=True),
        log=Log(),
    )
    events: SimpleQueue[Event] = SimpleQueue()
    return events, Fetcher(replace(edges), lambda _, event: events.put(event))


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        (Ok(PAGE), Fetched("live", 5, PAGE)),
        (Err(ExchangeError("banned", "x", 7)), FetchFailed("live", 5, ExchangeError("banned", "x", 7))),
        (ValueError("broken"), FetchFailed("live", 5, ExchangeError("unavailable", "ValueError: broken"))),
    ],
)
def test_a_question_is_answered_once(answer: Any, event: Event) -> None:
    events, fetcher = asked(answer)
    fetcher.ask(SERIES, Fetch("live", 5, 10))
    assert events.get(timeout=10) == event
    fetcher.close()
    assert events.empty()


def test_history_waits_for_room_and_ends_when_closed() -> None:
    events, fetcher = asked(Ok(PAGE), room=False)
    fetcher.ask(SERIES, Fetch("history", 5, 10))
    fetcher.ask(SERIES, Fetch("repair", 5, 10))
    assert events.get(timeout=10) == Fetched("repair", 5, PAGE)
    fetcher.close()
    assert events.empty()


def test_a_chore_is_not_begun_again_while_it_waits_or_runs() -> None:
    _, fetcher = asked(Ok(PAGE))
    begun, go_on = Flag(), Flag()
    done: list[str] = []

    def slow() -> None:
        begun.set()
        go_on.wait(10)
        done.append("slow")

    fetcher.later("clock", slow)
    assert begun.wait(10)
    for _ in range(5):
        fetcher.later("clock", slow)
        fetcher.later("markets", lambda: done.append("other"))
    go_on.set()
    wait(lambda: len(done) == 2, "both are done")
    fetcher.later("clock", lambda: done.append("again"))
    wait(lambda: len(done) == 3, "it is done again")
    fetcher.close()
    assert done == ["slow", "other", "again"]


def test_what_breaks_in_the_background_is_told() -> None:
    _, fetcher = asked(Ok(PAGE))
    done: list[int] = []
    fetcher.later("clock", lambda: done.append(1 // 0))
    fetcher.later("markets", lambda: done.append(1))
    wait(lambda: done == [1], "the next one is done")
    fetcher.close()


def test_live_candles_do_not_wait_for_repairs_nor_these_for_history() -> None:
    go_on = Flag()

    class Slow(Answering):
        def klines(self, series: Series, start: int, limit: int) -> Any:
            assert (series, start) == (SERIES, 5)
            if limit != 10:
                go_on.wait(10)
            return Ok(PAGE)

    events, fetcher = asked(Ok(PAGE), exchange=Slow(Ok(PAGE)))
    for _ in range(20):
        fetcher.ask(SERIES, Fetch("history", 5, 11))
        fetcher.ask(SERIES, Fetch("repair", 5, 11))
    fetcher.ask(SERIES, Fetch("live", 5, 10))
    assert events.get(timeout=10) == Fetched("live", 5, PAGE)
    go_on.set()
    for _ in range(40):
        events.get(timeout=10)
    fetcher.close()
