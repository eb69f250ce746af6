"""Each question gets exactly one answer, whatever the exchange's client does."""

from dataclasses import replace
from queue import SimpleQueue
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


def asked(answer: Any, *, room: bool = True) -> tuple[SimpleQueue[Event], Fetcher]:
    clock = ExchangeClock(ManualClock(1))
    exchange: Any = Answering(answer)
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
