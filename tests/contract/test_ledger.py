"""What every ledger does, whoever implements it: gaps by series and start, and what was published."""

from msgspec.structs import replace

from cryptostream.core.market.gap import Gap
from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.market.series import Series
from tests.contract.providers import Books
from tests.support.stored import BTC_1M, MINUTE, T0, candle, candles, done

OPENS = [T0 + place * MINUTE for place in range(10)]
OPEN_GAP = Gap(
    series=BTC_1M, start=OPENS[2], end=OPENS[5], candles=4, cause="pending", state="open", detected_at=T0 + 1
)
PROVED = replace(
    OPEN_GAP, cause="exchange_outage", state="closed", resolved_at=T0 + 2, evidence="rest", proof="trade_ids"
)


def publish(books: Books, series: Series, opens: list[int]) -> None:
    books.publish(candles(series, opens))


def test_gaps_come_back_as_recorded(books: Books) -> None:
    other = replace(PROVED, series=Series("ETHUSDC", "1M"))
    done(books.journal.publish([], [OPEN_GAP, other]))
    found = done(books.ledger.gaps())
    assert set(found) == {OPEN_GAP, other}


def test_the_newest_state_of_a_gap_stands(books: Books) -> None:
    for gap in (OPEN_GAP, PROVED, replace(OPEN_GAP, end=OPENS[3], candles=2)):
        done(books.journal.publish([], [gap]))
        assert done(books.ledger.gaps()) == (gap,)


def test_within_one_call_the_last_state_stands(books: Books) -> None:
    done(books.journal.publish([], [OPEN_GAP, PROVED]))
    assert done(books.ledger.gaps()) == (PROVED,)


def test_gaps_of_other_starts_and_series_stay(books: Books) -> None:
    others = (replace(OPEN_GAP, start=OPENS[3]), replace(OPEN_GAP, series=Series("BTCUSDC", "1h")))
    done(books.journal.publish([], [OPEN_GAP, *others]))
    done(books.journal.publish([], [PROVED]))
    found = done(books.ledger.gaps())
    assert set(found) == {PROVED, *others}


def test_nothing_is_published_at_first(books: Books) -> None:
    assert done(books.ledger.gaps()) == ()
    assert done(books.ledger.bounds(BTC_1M)) is None
    assert len(done(books.ledger.published(BTC_1M, T0, OPENS[-1]))) == 0
    assert done(books.ledger.missing(BTC_1M, T0, OPENS[3])) == ((T0, OPENS[2]),)


def test_missing_are_the_runs_between_what_was_published(books: Books) -> None:
    publish(books, BTC_1M, [OPENS[1], OPENS[2], OPENS[6]])
    found = done(books.ledger.missing(BTC_1M, OPENS[0], OPENS[9]))
    assert found == ((OPENS[0], OPENS[0]), (OPENS[3], OPENS[5]), (OPENS[7], OPENS[8]))


def test_a_range_that_is_published_misses_nothing(books: Books) -> None:
    publish(books, BTC_1M, OPENS)
    assert done(books.ledger.missing(BTC_1M, OPENS[0], OPENS[-1] + MINUTE)) == ()
    assert done(books.ledger.missing(BTC_1M, OPENS[2], OPENS[2])) == ()


def test_missing_asks_for_open_times_in_the_range_only(books: Books) -> None:
    assert done(books.ledger.missing(BTC_1M, OPENS[0] + 1, OPENS[2] + 1)) == ((OPENS[1], OPENS[2]),)


def test_months_are_missing_by_the_calendar(books: Books) -> None:
    months, series = INTERVALS["1M"], Series("BTCUSDC", "1M")
    january = months.open_at(12 * 55)
    publish(books, series, [months.shift(january, 1), months.shift(january, 4)])
    found = done(books.ledger.missing(series, january, months.shift(january, 6)))
    shifts = ((0, 0), (2, 3), (5, 5))
    assert found == tuple((months.shift(january, first), months.shift(january, last)) for first, last in shifts)


def test_published_has_the_newest_revision(books: Books) -> None:
    publish(books, BTC_1M, OPENS)
    books.publish((candle(BTC_1M, OPENS[1], revision=1, close="123.5"),))
    found = done(books.ledger.published(BTC_1M, OPENS[1], OPENS[3]))
    assert found.open_time.tolist() == OPENS[1:3]
    assert (found.revision.tolist(), found.close[0]) == ([1, 0], 123.5)
    assert done(books.ledger.bounds(BTC_1M)) == (OPENS[0], OPENS[-1])
