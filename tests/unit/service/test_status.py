"""What services say of themselves, from snapshots of their parts."""

from msgspec.structs import replace

from cryptostream.consumer.freshness import Percentiles
from cryptostream.consumer.snapshot import ConsumerSnapshot
from cryptostream.consumer.snapshot import SeriesSnapshot as Consumed
from cryptostream.core.codec.status import ExchangeStatus, LogStatus, PartitionStatus, StoreStatus, decode, encode
from cryptostream.core.market.interval import MINUTE
from cryptostream.core.market.series import Series
from cryptostream.core.result import Ok
from cryptostream.core.stream.consumer_state import Counts
from cryptostream.producer.snapshot import ProducerSnapshot, SeriesProgress
from cryptostream.service.status import Moment, consumer_status, producer_status

OPEN = 1_761_711_720_000
NOW = OPEN + MINUTE + 2_500
AT = Moment("market.majors", 3, NOW)
BTC = Series("BTCUSDC", "1m")
PROGRESS = SeriesProgress(
    series=BTC,
    start=OPEN - 60 * MINUTE,
    next_open=OPEN + MINUTE,
    expected=61,
    published=60,
    duplicates=2,
    gaps={"pending": 1},
    history_left=0,
    history_size=0,
    status="TRADING",
)
PRODUCED = ProducerSnapshot(series=(PROGRESS,), records=60, cycles=0, complete=False)
CONSUMED = Consumed(
    series=BTC,
    first_open=OPEN - 60 * MINUTE,
    newest_open=OPEN - 2 * MINUTE,
    counts=Counts(stored=58, revisions=1, duplicates=3, dead_lettered=1),
    freshness=Percentiles(),
    to_recompute=0,
    next_open=OPEN + MINUTE,
)
TAKEN = ConsumerSnapshot(
    series=(CONSUMED,),
    places=(),
    unplaced=4,
    parted=Counts(),
    to_recompute=0,
    mismatches=(),
    rate=0.0,
    waiting=None,
    settled=False,
)
WELL, LOG = StoreStatus(reachable=True), LogStatus(reachable=True)


def test_a_producer_says_how_far_it_is() -> None:
    status = producer_status(AT, PRODUCED, ExchangeStatus(connections=1), LOG)
    assert decode(encode(status)) == Ok(status)
    assert (status.role, status.stream, status.generation, status.observed_at) == (
        "producer",
        "market.majors",
        3,
        NOW * 1000,
    )
    (series,) = status.series
    assert (series.next_open, series.expected, series.published, series.duplicates) == (OPEN + MINUTE, 61, 60, 2)
    assert (series.gaps, series.market) == ({"pending": 1}, "TRADING")
    assert series.freshness_seconds == 2.501  # since the close of the candle before `next_open`
    assert (series.stored, series.newest_open, status.store) == (None, None, None)


def test_the_later_of_two_bans_is_told() -> None:
    def until(own: int | None, told: int | None) -> int | None:
        shot = replace(PRODUCED, banned_until=told)
        status = producer_status(AT, shot, ExchangeStatus(banned_until=own), LOG)
        assert status.exchange is not None
        return status.exchange.banned_until

    assert until(None, None) is None
    assert until(5, None) == 5
    assert until(5, 7) == 7


def test_a_consumer_says_what_it_has_stored_and_what_waits() -> None:
    lags = {("market.majors.prices-1m", 1): 7, ("market.majors.ledger", 1): 0}
    status = consumer_status(AT, TAKEN, lags, WELL, LOG)
    assert decode(encode(status)) == Ok(status)
    (series,) = status.series
    assert (series.stored, series.duplicates, series.dead_lettered) == (58, 3, 1)
    assert series.newest_open == OPEN - 2 * MINUTE
    assert series.freshness_seconds == 122.501
    assert series.lag == 2  # the candles after the newest one stored, before the next one to be published
    assert status.partitions == (
        PartitionStatus("market.majors.ledger", 1, 0),
        PartitionStatus("market.majors.prices-1m", 1, 7),
    )
    assert (status.totals.lag, status.totals.unplaced, status.store) == (7, 4, WELL)


def test_a_lag_that_nobody_has_told_is_unknown_and_never_below_nothing() -> None:
    def lag(**changes: int | None) -> int | None:
        shot = replace(TAKEN, series=(replace(CONSUMED, **changes),))
        return consumer_status(AT, shot, {}, WELL, LOG).series[0].lag

    assert lag(next_open=None) is None
    assert lag(newest_open=None) is None
    assert lag(newest_open=OPEN + 5 * MINUTE) == 0


def test_a_consumer_that_has_not_begun_says_so_much() -> None:
    status = consumer_status(AT, None, {}, StoreStatus(reachable=False), LogStatus(reachable=False, last_error="no"))
    assert (status.series, status.partitions, status.totals.unplaced) == ((), (), 0)
    assert status.log == LogStatus(reachable=False, last_error="no")
