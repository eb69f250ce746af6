"""Configuration and assignment of a service: what they keep of a resource, and what is said of bad ones."""

import json
import re
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from cryptostream.core.codec.service import Assignment, KafkaAccess, Listen, ServiceConfig, config_hash, encode
from cryptostream.core.market.series import Symbol
from cryptostream.core.resource.parse import parse_stream
from cryptostream.core.resource.parse_service import parse_assignment, parse_config
from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.service_config import assignment, service_config, spec_of
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok
from tests.support.data import ROOT
from tests.support.resources import NOW, documents, good_files, stream
from tests.support.service_files import ASSIGNMENT, CONFIG, KAFKA, SPEC, STORE


def config(spec: StreamSpec = SPEC) -> ServiceConfig:
    return service_config(spec, plan(spec), kafka=KAFKA, store=STORE, assignment_file="a.json")


def read_back(written: ServiceConfig | Assignment) -> Any:
    document = json.loads(encode(written))
    read = parse_config(document) if isinstance(written, ServiceConfig) else parse_assignment(document)
    assert isinstance(read, Ok), read
    return read.value


def good_streams() -> list[StreamSpec]:
    every = [each for file in good_files() for each in documents(file)]
    parsed = [parse_stream(each, NOW) for each in every if each["kind"] == "CryptoStream"]
    return [each.value for each in parsed if isinstance(each, Ok)]


@pytest.mark.parametrize("spec", good_streams(), ids=lambda spec: spec.stream)
def test_a_service_reads_what_was_declared(spec: StreamSpec) -> None:
    read = spec_of(read_back(config(spec)), read_back(assignment(spec, 1)))
    assert isinstance(read, Ok), read
    same = ("name", "namespace", "symbols", "quote", "intervals", "source", "indicators", "validation")
    assert {name: getattr(read.value, name) for name in same} == {name: getattr(spec, name) for name in same}
    assert read.value.egress.proxy_url == spec.egress.proxy_url
    assert plan(read.value).series == plan(spec).series


@pytest.mark.parametrize(
    "written",
    [
        CONFIG,
        replace(CONFIG, store=None, simulated=True, http=Listen(host="127.0.0.1", port=0), work_dir="work"),
        replace(CONFIG, kafka=KafkaAccess(bootstrap="kafka:9093", security="Tls", cert_file="c", key_file="k")),
        replace(CONFIG, kafka=KafkaAccess(bootstrap="kafka:9092", security="None")),
        ASSIGNMENT,
        replace(ASSIGNMENT, banned_until=None),
    ],
)
def test_what_is_written_is_read_back(written: ServiceConfig | Assignment) -> None:
    assert read_back(written) == written


def test_the_buckets_are_those_of_the_plan() -> None:
    made = plan(SPEC)
    other = replace(made, raw=replace(made.raw, bucket="mine"))
    written = service_config(SPEC, other, kafka=KAFKA, store=STORE, assignment_file="a.json").store
    assert written is not None
    assert (written.buckets.raw, written.buckets.enriched) == ("mine", "marketdata_enriched")


@pytest.mark.parametrize(
    "change",
    [
        {"coins": ["BTC", "SOL"]},
        {"consumer": {"replicas": 3, "pod": {"resources": {"limits": {"memory": "1Gi"}}}}},
        {"objectives": {"freshnessSeconds": 9}},
        {"suspend": True},
        {"kafka": {"cluster": {"name": "other"}}},
        {"deletionPolicy": "Delete"},
        {"validation": {"maxMovePercent": "50"}},
    ],
)
def test_the_hash_stays_where_the_service_would_not_notice(change: dict[str, Any]) -> None:
    assert config_hash(config(stream(**change))) == config_hash(config(stream()))


@pytest.mark.parametrize(
    "change",
    [
        {"intervals": ["1m", "1h"]},
        {"indicators": [{"name": "sma", "function": "SMA", "params": {"timeperiod": 20}}]},
        {"source": {"mode": "Rest"}},
        {"source": {"history": {"seconds": 3600}}},
        {"validation": {"onAberrant": "Reject"}},
        {"egress": {"proxyUrl": "http://proxy:3128"}},
    ],
)
def test_the_hash_changes_with_what_a_service_does(change: dict[str, Any]) -> None:
    assert config_hash(config(stream(**change))) != config_hash(config(stream()))


def changed(document: Any, at: str, value: Any) -> Any:
    first, _, rest = at.partition(".")
    key: Any = int(first) if first.isdigit() else first
    copy = list(document) if isinstance(document, list) else dict(document)
    copy[key] = changed(copy[key], rest, value) if rest else value
    return copy


@pytest.mark.parametrize(
    ("at", "value", "path", "fragment"),
    [
        ("schema", 2, "schema", "a newer version wrote it"),
        ("schema", True, "schema", "must be 1"),
        ("kafka", None, "kafka", "must be given"),
        ("kafka.bootstrap", "kafka", "kafka.bootstrap", "host:port"),
        ("kafka.security", "Scram", "kafka.security", "did you mean ScramSha512?"),
        ("kafka.passwordFile", None, "kafka.passwordFile", "must be given with security ScramSha512"),
        ("kafka.keyFile", "key", "kafka.keyFile", "must not be given with security ScramSha512"),
        ("kafka.password", "x", "kafka.password", "did you mean passwordFile?"),
        ("store.tokenFile", None, "store.tokenFile", "must be given (write where the Secret is mounted)"),
        ("store.url", "http://influx.example", "store.url", "must begin with https://"),
        ("store.buckets.raw", "my bucket", "store.buckets.raw", "the name of a bucket"),
        ("http.port", 70_000, "http.port", "from 0 to 65535"),
        ("simulated", "yes", "simulated", "must be true or false"),
        ("resource.kind", "Stream", "resource.kind", "must be CryptoStream"),
        ("resource.spec.coins", ["BTC"], "resource.spec.coins", "name the symbols in the assignment"),
        ("resource.metadata.name", "a.b", "resource.metadata.name", "without dots"),
    ],
)
def test_a_bad_configuration_is_told_by_field_and_remedy(at: str, value: Any, path: str, fragment: str) -> None:
    """Bad input gets an error that names the field and the remedy."""
    read = parse_config(changed(json.loads(encode(CONFIG)), at, value))
    assert isinstance(read, Err), read
    assert [fault.path for fault in read.error] == [path]
    assert fragment in str(read.error[0])


@pytest.mark.parametrize(
    ("at", "value", "path", "fragment"),
    [
        ("generation", -1, "generation", "from 0"),
        ("generation", None, "generation", "must be given"),
        ("symbols", [], "symbols", "at least 1 element"),
        ("symbols.0.coin", "ETH", "symbols[0].name", "ETH and USDC, not BTCUSDC"),
        ("symbols.1.coin", "eth", "symbols[1].coin", "must be a name of the exchange"),
        ("symbols.1", {"name": "BTCUSDC", "coin": "BTC", "quote": "USDC"}, "symbols[1]", "must be unique"),
        ("bannedUntil", "tomorrow", "bannedUntil", "must be an integer"),
    ],
)
def test_a_bad_assignment_is_told_by_field_and_remedy(at: str, value: Any, path: str, fragment: str) -> None:
    read = parse_assignment(changed(json.loads(encode(ASSIGNMENT)), at, value))
    assert isinstance(read, Err), read
    assert [fault.path for fault in read.error] == [path]
    assert fragment in str(read.error[0])


@pytest.mark.parametrize("document", [None, [], "x", 3, {}])
def test_what_is_no_document_at_all_is_told(document: object) -> None:
    for parse in (parse_config, parse_assignment):
        read = parse(document)
        assert isinstance(read, Err)
        assert all(str(fault) for fault in read.error)


def test_what_the_two_files_declare_together_is_judged_by_the_one_parser() -> None:
    spec = {**CONFIG.resource.spec, "intervals": ["60m"], "unknown": 1}
    bad = replace(CONFIG, resource=replace(CONFIG.resource, spec=spec))
    odd = Assignment(generation=1, symbols=(Symbol("BTCXYZ", "BTC", "XYZ"),))
    read = spec_of(bad, odd)
    assert isinstance(read, Err)
    assert {fault.path for fault in read.error} == {
        "resource.spec.intervals[0]",
        "resource.spec.unknown",
        "symbols[0]",
    }


def test_a_start_of_history_does_not_grow_old() -> None:
    """A stream that was accepted years ago still starts."""
    spec = stream(source={"history": {"startTime": "2017-08-17T00:00:00.250Z"}}, intervals=["1d"])
    read = spec_of(read_back(config(spec)), assignment(spec, 1))
    assert isinstance(read, Ok), read
    assert read.value.source.history == spec.source.history


def test_no_secret_can_stand_in_a_configuration() -> None:
    names = {field.encode_name for field in msgspec.structs.fields(KafkaAccess)}
    assert names == {"bootstrap", "security", "caFile", "usernameFile", "passwordFile", "certFile", "keyFile"}


def test_the_files_on_the_page_are_such_files() -> None:
    examples = re.findall(r"```json\n(.+?)```", (ROOT / "docs/services.md").read_text(), re.DOTALL)
    config, assigned = (json.loads(each) for each in examples)
    read, symbols = parse_config(config), parse_assignment(assigned)
    assert isinstance(read, Ok), read
    assert isinstance(symbols, Ok), symbols
    assert isinstance(spec_of(read.value, symbols.value), Ok)
