from decimal import Decimal

import pytest

from cryptostream.core.market.series import Symbol
from cryptostream.core.resource.parse import parse_stream
from cryptostream.core.resource.parse_market import unknown_symbol
from cryptostream.core.resource.spec import Autoscaling, Kafka, KafkaTopics, Objectives, Validation
from cryptostream.core.result import Err
from tests.support.resources import CORPUS, NOW, document, documents, faults_of, stream


def test_all_else_has_a_default() -> None:
    spec = stream()
    assert (spec.stream, spec.quote, spec.store_ref) == ("market.sample", "USDC", "default")
    assert spec.symbols == (Symbol("BTCUSDC", "BTC", "USDC"),)
    assert spec.source.mode == "Auto"
    assert spec.source.endpoints.rest[0] == "https://data-api.binance.vision"
    assert spec.source.endpoints.stream[0] == "wss://data-stream.binance.vision:443"
    assert spec.validation == Validation(Decimal(50), "Flag")
    assert spec.objectives == Objectives(5, Decimal("99.99"))
    assert (spec.kafka, spec.autoscaling, spec.consumer_replicas) == (None, None, 2)
    assert (spec.suspend, spec.deletion_policy) == (False, "Retain")


def test_without_a_namespace_it_is_the_default_one() -> None:
    given = document()
    del given["metadata"]["namespace"]
    parsed = parse_stream(given)
    assert not isinstance(parsed, Err)
    assert parsed.value.stream == "default.sample"


def test_every_field_that_is_written_arrives() -> None:
    parsed = parse_stream(documents(CORPUS / "good/every-field.yaml")[0], NOW)
    assert not isinstance(parsed, Err)
    spec = parsed.value
    assert [symbol.name for symbol in spec.symbols] == ["BTCUSDT", "ETHUSDT"]
    assert len(spec.intervals) == 16
    assert spec.source.history.seconds == 86_400
    assert spec.indicators[1].params == (("timeperiod", 20), ("nbdevup", "2"), ("nbdevdn", "2"))
    assert spec.indicators[2].with_interval == "1h"
    assert spec.validation.on_aberrant == "Reject"
    assert spec.objectives == Objectives(10, Decimal("99.9"))
    assert spec.kafka == Kafka("market", "kafka", None, None, "Tls", KafkaTopics(12, 604_800, 3))
    assert spec.store_ref == "shared"
    assert spec.autoscaling == Autoscaling(2, 12, 5000)
    assert spec.producer_pod is not None
    assert spec.producer_pod.startswith('{"affinity":')
    assert spec.consumer_pod is not None
    assert '"nodeSelector":{"disk":"ssd"}' in spec.consumer_pod
    assert (spec.egress.proxy_url, spec.egress.ca_secret_name) == ("http://proxy.example:3128", "proxy-ca")
    assert spec.egress.group == "office"
    assert spec.suspend
    assert spec.deletion_policy == "Delete"


def test_a_cluster_is_in_the_namespace_of_the_stream_unless_another_is_named() -> None:
    kafka = stream(kafka={"cluster": {"name": "events"}}).kafka
    assert kafka is not None
    assert (kafka.cluster_name, kafka.cluster_namespace) == ("events", "market")


def test_a_symbol_is_parted_by_its_own_quote_first() -> None:
    spec = stream(coins=None, symbols=["BTCUSDC", "ETHBTC", "USDCUSDT", "XYZABC"], quote="ABC")
    assert [(symbol.coin, symbol.quote) for symbol in spec.symbols] == [
        ("BTC", "USDC"),
        ("ETH", "BTC"),
        ("USDC", "USDT"),
        ("XYZ", "ABC"),
    ]


def test_the_longest_quote_that_fits_is_taken() -> None:
    assert stream(coins=None, symbols=["SOLFDUSD", "ETHUSDT"]).symbols[0] == Symbol("SOLFDUSD", "SOL", "FDUSD")


@pytest.mark.parametrize("field", ["coins", "symbols"])
def test_an_unknown_symbol_is_told_at_the_place_where_it_was_written(field: str) -> None:
    names = {"coins": ["BTC", "NOSUCH"], "symbols": ["BTCUSDC", "NOSUCHUSDC"]}
    spec = stream(**{"coins": None, field: names[field]})
    fault = unknown_symbol(spec, spec.symbols[1])
    assert fault.path == f"spec.{field}[1]"
    assert fault.message.startswith({"coins": "must be a coin", "symbols": "must be a symbol"}[field])
    assert "NOSUCHUSDC" in fault.message
    assert fault.remedy


def test_null_counts_as_left_out() -> None:
    given = document(kafka={"cluster": {"name": "k"}})
    given["spec"] |= {"kafka": None, "quote": None, "source": {"history": None}}
    assert faults_of(given) == ()


def test_null_coins_are_no_coins() -> None:
    given = document(symbols=["BTCUSDC"])
    given["spec"]["coins"] = None
    assert faults_of(given) == ()


def test_one_fault_does_not_hide_another() -> None:
    given = document(
        indicators=[
            {"name": "a", "function": "SMA", "params": {"timeperiod": 2.5}},
            {"name": "A", "function": "NOPE"},
            {"name": "a", "function": "EMA", "params": {"period": 3}},
        ],
        kafka={"cluster": {"name": "k"}, "topics": {"retentionSeconds": 60}},
        source={"history": {"seconds": 120}},
    )
    given["metadata"]["name"] = "Bad"
    assert [fault.path for fault in faults_of(given)] == [
        "metadata.name",
        "spec.indicators[0].params.timeperiod",
        "spec.indicators[1].name",
        "spec.indicators[1].function",
        "spec.indicators[2].name",
        "spec.indicators[2].params.period",
        "spec.kafka.topics.retentionSeconds",
    ]


def test_a_password_in_an_address_is_not_repeated() -> None:
    (fault,) = faults_of(document(egress={"proxyUrl": "http://me:hunter2@proxy.example"}))
    assert "hunter2" not in str(fault)


def test_what_cannot_be_json_is_refused() -> None:
    loop: dict[str, object] = {}
    loop["requests"] = loop
    (fault,) = faults_of(document(producer={"pod": {"resources": loop}}))
    assert (fault.path, fault.message) == ("spec.producer.pod", "must be plain JSON")
