"""The inbox: nothing that comes once only is lost, and what can be fetched again is bounded."""

from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.series import Series
from cryptostream.core.ports import KlinePage
from cryptostream.core.stream.series_state import Closed, Event, Fetched, Seam, Tick
from cryptostream.producer.inbox import Inbox
from tests.support.exchange_model import SeriesTruth

BTC, ETH = Series("BTCUSDC", "1m"), Series("ETHUSDC", "1m")
TRUTH = {series: SeriesTruth(series, first=0) for series in (BTC, ETH)}
GRID = INTERVALS["1m"]


def closed(place: int, series: Series = BTC) -> Closed:
    return Closed(TRUTH[series].candle(GRID.open_at(place), websocket=True))


def take_all(inbox: Inbox) -> list[tuple[Series, Event]]:
    return inbox.take(1000, 1000, 0)


def test_events_come_in_their_order() -> None:
    inbox = Inbox()
    inbox.offer(closed(1))
    inbox.put(ETH, Tick())
    inbox.offer(closed(2))
    assert take_all(inbox) == [(BTC, closed(1)), (ETH, Tick()), (BTC, closed(2))]
    assert take_all(inbox) == []


def test_candles_beyond_its_room_are_dropped_and_told_of_once_there_is_room() -> None:
    """A Seam is told when it has room again; answers to fetches are never dropped."""
    inbox = Inbox(most=10)
    for place in range(10):
        inbox.offer(closed(place))
    for place in range(5):
        inbox.offer(closed(place, ETH))
    inbox.put(BTC, Tick())
    assert inbox.dropped() == 5
    assert inbox.dropped() == 0
    first = inbox.take(5, 1000, 0)
    assert [series for series, _ in first] == [BTC] * 5
    second = inbox.take(1, 1000, 0)
    assert second == [(ETH, Seam()), (BTC, closed(5))]
    rest = take_all(inbox)
    assert rest == [*((BTC, closed(place)) for place in range(6, 10)), (BTC, Tick())]


def test_seams_of_one_series_are_one() -> None:
    inbox = Inbox()
    for _ in range(1000):
        inbox.seam({BTC, ETH})
    assert sorted(take_all(inbox)) == [(BTC, Seam()), (ETH, Seam())]
    assert take_all(inbox) == []


def test_an_answer_of_many_candles_fills_a_batch() -> None:
    inbox = Inbox()
    page = KlinePage(tuple(closed(place).candle for place in range(6)), None, 1)
    for _ in range(3):
        inbox.put(BTC, Fetched("history", 0, page))
    assert len(inbox.take(1000, 10, 0)) == 2
    assert len(inbox.take(1000, 10, 0)) == 1


def test_waking_it_ends_the_wait_without_an_event() -> None:
    inbox = Inbox()
    inbox.wake()
    assert inbox.take(10, 10, 30) == []
