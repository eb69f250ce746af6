import json

import pytest

from cryptostream.core.codec.status import (
    MOST,
    WORST,
    ExchangeStatus,
    LogStatus,
    PartitionStatus,
    SeriesStatus,
    StoreStatus,
    decode,
    encode,
    status_of,
)
from tests.unit.codec.examples import OPEN, err, ok

SERIES = SeriesStatus(
    symbol="BTCUSDC",
    interval="1m",
    next_open=OPEN,
    freshness_seconds=1.25,
    expected=500,
    stored=498,
    gaps={"pending": 2},
    lag=3,
)
STATUS = status_of(
    role="producer",
    stream="market.majors",
    generation=3,
    observed_at=OPEN * 1000,
    series=[SERIES],
    exchange=ExchangeStatus(weight_used=120, weight_limit=6000, clock_offset_ms=-4, connections=1),
    store=StoreStatus(reachable=True),
    log=LogStatus(reachable=True),
)


def test_the_document_of_a_producer() -> None:
    assert json.loads(encode(STATUS)) == {
        "schema": 1,
        "role": "producer",
        "stream": "market.majors",
        "generation": 3,
        "observed_at": OPEN * 1000,
        "series": [
            {
                "symbol": "BTCUSDC",
                "interval": "1m",
                "next_open": OPEN,
                "newest_open": None,
                "freshness_seconds": 1.25,
                "expected": 500,
                "stored": 498,
                "gaps": {"pending": 2},
                "lag": 3,
                "published": None,
                "duplicates": None,
                "dead_lettered": None,
                "market": None,
            }
        ],
        "totals": {
            "series": 1,
            "expected": 500,
            "stored": 498,
            "gaps": {"pending": 2},
            "lag": 3,
            "freshness_seconds": 1.25,
            "published": 0,
            "duplicates": 0,
            "dead_lettered": 0,
            "unplaced": 0,
        },
        "partitions": [],
        "exchange": {
            "weight_used": 120,
            "weight_limit": 6000,
            "banned_until": None,
            "clock_offset_ms": -4,
            "connections": 1,
        },
        "store": {"reachable": True, "last_error": None},
        "log": {"reachable": True, "last_error": None},
    }


def test_the_document_comes_back() -> None:
    assert ok(decode(encode(STATUS))) == STATUS


def test_parts_that_a_process_does_not_have_are_null() -> None:
    bare = status_of(role="consumer", stream="a.b", generation=0, observed_at=1, series=[])
    document = json.loads(encode(bare))
    assert (document["exchange"], document["store"], document["log"]) == (None, None, None)
    assert document["totals"]["freshness_seconds"] is None
    assert ok(decode(encode(bare))) == bare


def many(count: int) -> list[SeriesStatus]:
    """Series of which number n lacks n % 7 candles."""
    return [
        SeriesStatus(
            symbol=f"C{number:04}",
            interval="1m",
            newest_open=OPEN,
            freshness_seconds=float(number % 10),
            expected=100,
            stored=100 - number % 7,
            gaps={"pending": number % 7, "blocked": 1},
            lag=1,
        )
        for number in range(count)
    ]


def test_all_of_500_series_are_shown() -> None:
    assert MOST == 500
    status = status_of(role="consumer", stream="a.b", generation=0, observed_at=1, series=many(MOST))
    assert status.series == tuple(many(MOST))


def test_of_more_the_20_worst_are_shown_and_the_totals_of_all() -> None:
    series = many(MOST + 1)
    status = status_of(role="consumer", stream="a.b", generation=0, observed_at=1, series=series)
    assert len(status.series) == WORST == 20
    assert {one.missing for one in status.series} == {6}
    ages = [one.freshness_seconds or 0 for one in status.series]
    assert ages == sorted(ages, reverse=True)
    assert ages[0] == 9
    assert status.totals.series == MOST + 1
    assert status.totals.expected == 100 * (MOST + 1)
    assert status.totals.stored == sum(one.stored or 0 for one in series)
    assert status.totals.gaps == {"pending": sum(n % 7 for n in range(MOST + 1)), "blocked": MOST + 1}
    assert status.totals.lag == MOST + 1
    assert status.totals.freshness_seconds == 9


def test_series_of_which_nothing_is_known_count_for_nothing() -> None:
    unknown = SeriesStatus(symbol="BTCUSDC", interval="1m")
    status = status_of(role="run", stream="a.b", generation=0, observed_at=1, series=[unknown, SERIES])
    assert (status.totals.series, status.totals.expected, status.totals.freshness_seconds) == (2, 500, 1.25)
    assert unknown.missing == 0
    assert SeriesStatus(symbol="BTCUSDC", interval="1m", expected=5).missing == 0


def test_the_worst_series_of_a_producer_are_those_with_candles_to_be_fetched() -> None:
    absent = SeriesStatus(symbol="A", interval="1m", expected=9, gaps={"before_listing": 50, "exchange_outage": 4})
    assert absent.missing == 0
    assert SeriesStatus(symbol="A", interval="1m", expected=9, gaps={"pending": 2, "blocked": 1}).missing == 3


def test_the_lag_is_that_of_the_partitions_where_they_are_known() -> None:
    lags = [PartitionStatus(f"a.b.prices-{number}", number, number % 50) for number in range(MOST + 1)]
    status = status_of(
        role="consumer", stream="a.b", generation=0, observed_at=1, series=[], partitions=lags, unplaced=2
    )
    assert status.totals.lag == sum(each.lag for each in lags)
    assert status.totals.unplaced == 2
    assert len(status.partitions) == WORST
    assert status.partitions[0].lag == 49
    few = status_of(role="consumer", stream="a.b", generation=0, observed_at=1, series=[], partitions=lags[:2])
    assert few.partitions == tuple(lags[:2])
    assert ok(decode(encode(few))) == few


def test_among_equals_those_behind_and_those_unknown_last() -> None:
    equal = [SeriesStatus(symbol=f"C{number:03}", interval="1m", lag=number % 30) for number in range(MOST)]
    silent = SeriesStatus(symbol="A", interval="1m", freshness_seconds=None, lag=None)
    fresh = SeriesStatus(symbol="Z", interval="1m", freshness_seconds=0.5, lag=0)
    status = status_of(role="run", stream="a.b", generation=0, observed_at=1, series=[silent, *equal, fresh])
    assert status.series[0] == fresh
    assert [one.lag for one in status.series[1:]] == [29] * 16 + [28] * 3


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "malformed"),
        (b"{}", "malformed"),
        (encode(STATUS)[:-1], "malformed"),
        (encode(STATUS).replace(b'"producer"', b'"poet"'), "malformed"),
        (encode(STATUS).replace(b'"pending"', b'"bad_luck"'), "malformed"),
        (encode(STATUS).replace(b'"schema":1', b'"schema":2'), "newer_schema"),
    ],
)
def test_what_is_no_document_is_named(value: bytes, reason: str) -> None:
    assert err(decode(value)).reason == reason
