from typing import Any

import pytest

from cryptostream.core.resource.budget import HistoryCost, connections, cycle_weight, history_cost, polling_weight
from tests.support.resources import NOW, document, faults_of, stream

ALL_16 = ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]


def coins(number: int) -> list[str]:
    return [f"C{place}" for place in range(number)]


@pytest.mark.parametrize(("symbols", "needed"), [(1, 1), (64, 1), (65, 2), (640, 10)])
def test_a_connection_carries_1024_streams(symbols: int, needed: int) -> None:
    assert connections(stream(coins=coins(symbols), intervals=ALL_16)) == needed


def test_polling_needs_no_connection() -> None:
    assert connections(stream(source={"mode": "Rest"})) == 0


def test_history_costs_two_a_thousand_candles() -> None:
    spec = stream(coins=coins(3), source={"history": {"seconds": 86_400}})
    assert history_cost(spec, NOW) == HistoryCost(candles=3 * 1440, calls=6, weight=12, minutes=1)


def test_a_day_of_seconds_is_87_calls() -> None:
    cost = history_cost(stream(intervals=["1s"], source={"history": {"seconds": 86_400}}), NOW)
    assert (cost.calls, cost.weight) == (87, 174)


def test_a_cycle_asks_the_series_that_have_a_new_candle() -> None:
    spec = stream(coins=coins(10), intervals=["1m", "1h"], source={"mode": "Rest", "pollSeconds": 30})
    assert polling_weight(spec) == 21  # ten calls for 1m each minute, ten for 1h each hour
    assert cycle_weight(spec) == 40


def test_many_candles_since_the_last_cycle_take_more_than_one_call() -> None:
    spec = stream(intervals=["1s"], source={"mode": "Rest", "pollSeconds": 86_400})
    assert polling_weight(spec) == 1  # 86.4 calls a day


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"coins": coins(640), "intervals": ALL_16}, None),
        ({"coins": coins(641), "intervals": ALL_16}, "spec.intervals"),
        ({"coins": coins(641), "intervals": ALL_16[1:]}, None),
        ({"coins": coins(40), "intervals": ["1s"], "source": {"mode": "Rest"}}, None),
        ({"coins": coins(41), "intervals": ["1s"], "source": {"mode": "Rest"}}, "spec.source.pollSeconds"),
        ({"coins": coins(41), "intervals": ["1s"], "source": {"mode": "Rest", "pollSeconds": 2}}, None),
        ({"coins": coins(1000), "intervals": ["1d", "1w"], "source": {"mode": "Rest", "pollSeconds": 3600}}, None),
        (
            {"coins": coins(1000), "intervals": ["1d", "3d", "1w"], "source": {"mode": "Rest"}},
            "spec.source.pollSeconds",
        ),
    ],
)
def test_what_an_address_may_not_use_is_refused(spec: dict[str, Any], path: str | None) -> None:
    assert [fault.path for fault in faults_of(document(**spec))] == ([path] if path else [])
