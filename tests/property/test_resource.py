"""Whatever is written, there is an answer; and what is wrong is told where it is wrong, and nowhere else."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.resource.budget import history_cost
from cryptostream.core.resource.parse import parse_resource, parse_stream
from cryptostream.core.resource.parse_store import parse_store
from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.spec import Fault
from cryptostream.core.result import Err, Ok
from tests.support.resources import NOW, document

WORDS = (
    *("apiVersion", "kind", "metadata", "spec", "name", "namespace", "coins", "symbols", "quote", "intervals"),
    *("source", "endpoints", "rest", "stream", "mode", "history", "startTime", "seconds", "pollSeconds", "indicators"),
    *("function", "params", "timeperiod", "withInterval", "validation", "maxMovePercent", "kafka", "cluster", "topics"),
    *("partitions", "retentionSeconds", "consumer", "replicas", "autoscaling", "maxReplicas", "pod", "resources"),
    *("managed", "external", "buckets", "raw", "url", "tokenSecretRef", "storage", "size", "egress", "proxyUrl"),
)
VALUES = (
    *("cryptostream.io/v1alpha1", "CryptoStream", "CandleStore", "BTC", "USDC", "1m", "1h", "Rest", "SMA", "EMA"),
    *("Binance", "https://api.binance.com", "2026-01-01T00:00:00Z", "2.0", "10Gi", "sample"),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(0, 1000),
    st.floats(),
    st.sampled_from(VALUES),
    st.text(max_size=80),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), inner, max_size=8),
    ),
    max_leaves=30,
)
SPECS = st.dictionaries(st.sampled_from(WORDS), ANYTHING, max_size=12)


def told(result: Ok[Any] | Err[tuple[Fault, ...]]) -> None:
    match result:
        case Err(faults):
            assert faults
            assert all(fault.message and fault.remedy and "\n" not in str(fault) for fault in faults)
        case Ok():
            pass


@given(ANYTHING)
@example(10**5000)
@example({"kind": {"a": 1}})
@example({1: 2, None: 3})
def test_any_document_gets_an_answer(value: object) -> None:
    told(parse_resource(value, NOW))
    told(parse_stream(value, NOW))
    told(parse_store(value))


@given(SPECS, st.sampled_from(["CryptoStream", "CandleStore"]))
@example(
    {"coins": ["\ud800"], "intervals": [10**5000], "producer": {"pod": {"resources": {"a": "\ud800"}}}}, "CryptoStream"
)
@example({"indicators": [{"name": "a", "function": "SMA", "params": {"timeperiod": 10**5000}}]}, "CryptoStream")
@example(
    {"indicators": [{"name": [], "function": {}, "params": {None: None}}], "source": {"pollSeconds": 1}}, "CryptoStream"
)
def test_any_spec_gets_an_answer(spec: dict[str, object], kind: str) -> None:
    told(parse_resource({**document(), "kind": kind, "spec": spec}, NOW))


# ---------------------------------------------------------------- what is right, and one thing wrong


def indicator(name: str) -> st.SearchStrategy[dict[str, Any]]:
    period = st.integers(2, 200)
    simple = st.builds(
        lambda function, n: {"name": name, "function": function, "params": {"timeperiod": n}},
        st.sampled_from(["SMA", "EMA", "RSI", "STDDEV", "ZSCORE"]),
        period,
    )
    bands = st.builds(
        lambda n, up: {"name": name, "function": "BBANDS", "params": {"timeperiod": n, "nbdevup": up}},
        period,
        st.sampled_from(["2", "2.5", "0.1"]),
    )
    return st.one_of(simple, bands)


@st.composite
def valid(draw: st.DrawFn) -> dict[str, Any]:
    """A document that is right, with any of the optional parts."""
    intervals = draw(st.lists(st.sampled_from(list(INTERVALS)), min_size=1, max_size=4, unique=True))
    names = [f"i{place}" for place in range(draw(st.integers(0, 3)))]
    optional: dict[str, Any] = {
        "quote": draw(st.sampled_from(["USDC", "BTC", "EUR"])),
        "indicators": [draw(indicator(name)) for name in names],
        "source": {
            "mode": draw(st.sampled_from(["Auto", "Rest"])),
            "history": {"seconds": draw(st.integers(1, 10**6))},
        },
        "validation": {"maxMovePercent": draw(st.sampled_from(["5", "12.5"])), "onAberrant": "Reject"},
        "objectives": {"freshnessSeconds": draw(st.integers(1, 60)), "completenessPercent": "99"},
        "kafka": {"cluster": {"name": "k"}, "topics": {"partitions": draw(st.integers(2, 9))}},
        "storeRef": {"name": "other"},
        "consumer": {"replicas": 2, "pod": {"nodeSelector": {"disk": "ssd"}}},
        "egress": {"group": "office"},
        "suspend": draw(st.booleans()),
        "deletionPolicy": "Delete",
    }
    kept = draw(st.sets(st.sampled_from(sorted(optional))))
    coins = draw(st.lists(st.sampled_from(["ETH", "XRP", "SOL", "ADA"]), min_size=1, unique=True))
    return document(coins=coins, intervals=intervals, **{name: optional[name] for name in sorted(kept)})


Place = tuple[str | int, ...]


def places(value: object, at: Place = ()) -> Iterator[Place]:
    """Where each value of a document stands, itself first; what a pod holds is not ours to judge."""
    yield at
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        if key != "nodeSelector":
            yield from places(child, (*at, key))


def path(place: Place) -> str:
    words = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in place)
    return "".join(words).removeprefix(".")


def at(value: Any, place: Place) -> Any:
    for key in place:
        value = value[key]
    return value


@given(valid())
def test_what_is_right_is_parsed_and_planned(given_document: dict[str, Any]) -> None:
    parsed = parse_stream(given_document, NOW)
    assert isinstance(parsed, Ok), parsed
    spec = parsed.value
    assert [symbol.coin for symbol in spec.symbols] == given_document["spec"]["coins"]
    made = plan(spec)
    assert len(made.series) == len(spec.symbols) * len(spec.intervals)
    assert len(made.topics) == len(spec.intervals) + 2
    assert [each.name for each in made.indicators] == [each.name for each in spec.indicators]
    cost = history_cost(spec, NOW)
    assert cost.weight == 2 * cost.calls
    assert cost.calls <= cost.candles <= 1000 * cost.calls


@given(valid(), st.data())
def test_a_value_of_the_wrong_type_is_told_at_its_path_alone(right: dict[str, Any], data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([place for place in places(right) if place]))
    wrong = deepcopy(right)
    holder, key = at(wrong, place[:-1]), place[-1]
    holder[key] = 7.5 if isinstance(holder[key], dict | list) else {"no": "such"}
    parsed = parse_stream(wrong, NOW)
    assert isinstance(parsed, Err)
    assert {fault.path for fault in parsed.error} == {path(place)}


@given(valid(), st.data())
def test_an_unknown_field_is_told_at_its_path_alone(right: dict[str, Any], data: st.DataObject) -> None:
    objects = [place for place in places(right) if isinstance(at(right, place), dict)]
    place = data.draw(st.sampled_from(objects))
    wrong = deepcopy(right)
    at(wrong, place)["unheardOf"] = 1
    parsed = parse_stream(wrong, NOW)
    assert isinstance(parsed, Err)
    assert [fault.path for fault in parsed.error] == [path((*place, "unheardOf"))]
