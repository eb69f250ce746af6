import re

import msgspec
import pytest

from cryptostream.core.market.series import Series
from cryptostream.core.resource.parse_store import parse_store
from cryptostream.core.resource.plan import KafkaUser, Shard, StoredIn, Topic, plan, user_name
from cryptostream.core.result import Ok
from tests.support.resources import CORPUS, documents, stream

STRIMZI = {"cluster": {"name": "market", "namespace": "kafka"}}


def test_topics_have_the_names_of_the_wire_and_equal_partitions() -> None:
    spec = stream(intervals=["1m", "1M"], kafka={**STRIMZI, "topics": {"partitions": 3, "replicas": 2}})
    assert plan(spec).topics == (
        _topic("prices-1m", "prices-1m"),
        _topic("prices-1M", "prices-1mo"),
        _topic("dead-letter", "dead-letter"),
        msgspec.structs.replace(_topic("ledger", "ledger"), retention_seconds=None, compacted=True),
    )


def _topic(name: str, resource: str) -> Topic:
    return Topic(
        name=f"market.sample.{name}",
        resource=f"market.sample.{resource}",
        partitions=3,
        replicas=2,
        retention_seconds=7 * 24 * 3600,
    )


def test_names_of_resources_are_lower_case_and_short_enough() -> None:
    every = [topic.resource for topic in plan(stream(intervals=["1M", "15m"], kafka=STRIMZI)).topics]
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", name) for name in every)
    assert len(set(every)) == len(every)


def test_who_reads_and_writes_is_always_called_the_same() -> None:
    made = plan(stream(kafka=STRIMZI))
    assert made.consumer_group == "market.sample"
    assert made.shards == (Shard(0, "market.sample.0"),)
    assert made.users == (
        KafkaUser("cs-c891558bfc-producer", "producer"),
        KafkaUser("cs-c891558bfc-consumer", "consumer"),
    )


def test_names_of_users_fit_into_64_characters_and_differ() -> None:
    long = msgspec.structs.replace(stream(), name="n" * 40, namespace="s" * 63)
    other = msgspec.structs.replace(long, namespace="s" * 62)
    assert len(user_name(long, "producer")) <= 64
    assert user_name(long, "producer") != user_name(other, "producer")


@pytest.mark.parametrize(
    "kafka", [None, {**STRIMZI, "authentication": "None"}, {"bootstrap": "kafka:9092", "authentication": "None"}]
)
def test_only_a_strimzi_cluster_that_asks_for_them_has_users(kafka: object) -> None:
    assert plan(stream(kafka=kafka)).users == ()


def test_series_are_symbols_by_intervals() -> None:
    made = plan(stream(coins=["BTC", "ETH"], intervals=["1m", "1h"]))
    assert made.series == (
        Series("BTCUSDC", "1m"),
        Series("BTCUSDC", "1h"),
        Series("ETHUSDC", "1m"),
        Series("ETHUSDC", "1h"),
    )
    assert made.connections == 1


def test_indicators_have_all_their_parameters_fields_and_window() -> None:
    spec = stream(intervals=["1m", "1h"], indicators=[{"name": "bb", "function": "BBANDS", "withInterval": "1h"}])
    (indicator,) = plan(spec).indicators
    assert dict(indicator.params)["timeperiod"] == 20
    assert indicator.fields == ("bb_upper", "bb_middle", "bb_lower")
    assert (indicator.window, indicator.with_interval) == (20, "1h")
    assert plan(spec).fields == ("mean_oc", "return", "range", "bb_upper", "bb_middle", "bb_lower")


def test_rows_go_to_the_buckets_of_the_store() -> None:
    assert plan(stream()).raw == StoredIn("marketdata_raw", ("candle", "gap", "alert"))
    assert plan(stream()).enriched == StoredIn("marketdata_enriched", ("indicators",))
    store = parse_store(documents(CORPUS / "good/store-with-everything.yaml")[0])
    assert isinstance(store, Ok)
    assert plan(stream(), store.value).raw.bucket == "candles"
    assert plan(stream(), store.value).enriched.bucket == "rows"


def test_polling_has_a_pace_and_a_price() -> None:
    polling = plan(stream(intervals=["1m"], source={"mode": "Rest"}))
    assert (polling.poll_seconds, polling.polling_weight, polling.connections) == (60, 2, 0)
    pushed = plan(stream())
    assert (pushed.poll_seconds, pushed.polling_weight, pushed.connections) == (None, 0, 1)


def test_a_plan_is_json() -> None:
    made = msgspec.json.decode(msgspec.json.encode(plan(stream())))
    assert made["stream"] == "market.sample"
    assert made["validation"]["max_move_percent"] == "50"
