"""What every exchange does, whoever implements it: here the same hours, asked by REST and read from files."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from cryptostream.clock import ManualClock
from cryptostream.core.market.candle import Candle
from cryptostream.core.market.interval import HOUR, INTERVALS, MINUTE, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Exchange, KlinePage, SymbolInfo
from cryptostream.core.result import Err, Ok
from cryptostream.exchange.archive import Recording
from cryptostream.exchange.rest import BinanceRest
from cryptostream.simulator.row import Row
from cryptostream.simulator.simulator import running_simulator
from tests.unit.exchange.support import CONFIG, NOW, SYMBOLS, write_csv

SERIES = tuple(Series(symbol, interval) for symbol in SYMBOLS for interval in ("1m", "15m"))
SERIES_1M = SERIES[0]
START: Millis = NOW // HOUR * HOUR - 3 * HOUR

Truth = dict[Series, tuple[Row, ...]]
Provider = Callable[[Path], AbstractContextManager[tuple[Exchange, Truth]]]


@contextmanager
def rest(_: Path) -> Iterator[tuple[Exchange, Truth]]:
    with running_simulator(CONFIG, ManualClock(NOW)) as sim:
        client = BinanceRest((sim.addresses.rest,), sim.clock)
        yield client.for_lane("live"), {series: sim.truth(series, START, NOW) for series in SERIES}
        client.close()


@contextmanager
def recording(folder: Path) -> Iterator[tuple[Exchange, Truth]]:
    with running_simulator(CONFIG, ManualClock(NOW)) as sim:
        truth = {series: sim.truth(series, START, NOW) for series in SERIES}
    for series, rows in truth.items():
        write_csv(folder / f"{series.symbol}-{series.interval}-2025-03-02.csv", rows)
    opened = Recording.open(folder, SYMBOLS, ("1m", "15m"))
    assert isinstance(opened, Ok), opened
    yield opened.value, truth


PROVIDERS: dict[str, Provider] = {"rest": rest, "recording": recording}


@pytest.fixture(params=sorted(PROVIDERS))
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Exchange, Truth]]:
    with PROVIDERS[request.param](tmp_path) as both:
        yield both


@pytest.fixture
def exchange(both: tuple[Exchange, Truth]) -> Exchange:
    return both[0]


@pytest.fixture
def truth(both: tuple[Exchange, Truth]) -> Truth:
    return both[1]


def page_of(exchange: Exchange, series: Series, start: Millis, limit: int = 1000) -> KlinePage:
    page = exchange.klines(series, start, limit)
    assert isinstance(page, Ok), page
    return page.value


def as_row(candle: Candle) -> Row:
    return Row(
        candle.open_time,
        candle.close_time,
        *(candle.open, candle.high, candle.low, candle.close, candle.volume, candle.quote_volume),
        trades=candle.trades,
        taker_buy_volume=candle.taker_buy_volume,
        taker_buy_quote_volume=candle.taker_buy_quote_volume,
    )


def without_ids(row: Row) -> Row:
    """Trade ids are told by streams only."""
    return Row(*(getattr(row, name) for name in Row.__struct_fields__[:11]))


def test_the_clock_is_known(exchange: Exchange) -> None:
    assert exchange.clock_offset() == Ok(0)


def test_symbols_are_told_and_unknown_ones_left_out(exchange: Exchange) -> None:
    known = exchange.symbols(["LTCUSDC", "NOSUCHCOIN", "BTCUSDC", "not a symbol"])
    assert known == Ok(
        {
            "BTCUSDC": SymbolInfo("BTCUSDC", "BTC", "USDC", "TRADING"),
            "LTCUSDC": SymbolInfo("LTCUSDC", "LTC", "USDC", "TRADING"),
        }
    )
    assert exchange.symbols([]) == exchange.symbols(["NOSUCHCOIN"]) == Ok({})


@pytest.mark.parametrize("series", SERIES, ids=str)
@pytest.mark.parametrize("limit", [7, 1000])
def test_pages_hold_every_closed_candle_once_and_exactly(
    exchange: Exchange, truth: Truth, series: Series, limit: int
) -> None:
    read: list[Candle] = []
    start = START
    while page := page_of(exchange, series, start, limit).closed:
        assert len(page) <= limit
        read += page
        start = INTERVALS[series.interval].next(page[-1].open_time)
    assert [as_row(candle) for candle in read] == [without_ids(row) for row in truth[series]]
    assert all(candle.series == series for candle in read)


def test_a_start_between_candles_begins_with_the_next(exchange: Exchange) -> None:
    opens = [candle.open_time for candle in page_of(exchange, SERIES_1M, START + 1, 2).closed]
    assert opens == [START + MINUTE, START + 2 * MINUTE]


def test_no_more_than_asked_for_and_a_thousand_at_most(exchange: Exchange) -> None:
    assert len(page_of(exchange, SERIES_1M, START, 1).closed) == 1
    assert len(page_of(exchange, SERIES_1M, START, 5000).closed) <= 1000


def test_nothing_after_the_end(exchange: Exchange, truth: Truth) -> None:
    page = page_of(exchange, SERIES_1M, truth[SERIES_1M][-1].open_time + 5 * MINUTE)
    assert (page.closed, page.in_progress, page.rejected) == ((), None, ())


def test_what_is_closed_was_over_when_it_was_answered(exchange: Exchange) -> None:
    page = page_of(exchange, SERIES_1M, START)
    assert all(INTERVALS["1m"].close_time(candle.open_time) < page.exchange_time for candle in page.closed)


def test_an_unknown_series_is_refused(exchange: Exchange) -> None:
    answer = exchange.klines(Series("NOSUCHCOIN", "1m"), START, 10)
    assert isinstance(answer, Err)
    assert answer.error.fault == "refused"


def test_several_threads_may_ask_at_once(exchange: Exchange) -> None:
    alone = {series: page_of(exchange, series, START).closed for series in SERIES}
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda series: (series, page_of(exchange, series, START).closed), SERIES * 10))
    assert all(closed == alone[series] for series, closed in pages)
